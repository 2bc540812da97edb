"""Settings inside reports."""

import pytest

from robustbench_endo.reports.stored_settings import find_settings, resampling_of, settings_line
from robustbench_endo.results import Resampling


def test_settings_return_from_any_text():
    settings = {"intended_use": "--> ) \\ % é \n", "intervals": False}
    line = settings_line(settings)
    assert line.isascii()
    assert " " not in line
    assert find_settings(f"% {line}\n".encode()) == settings


@pytest.mark.parametrize("content", [b"", b"robust-endo-report-settings:", b"robust-endo-report-settings:bm8="])
def test_find_settings_refuses_other_content(content):
    with pytest.raises(ValueError, match="no settings of a report"):
        find_settings(content)


def test_resampling_of_settings_has_their_values():
    assert resampling_of({"intervals": False, "resampling": {}}) is False
    assert resampling_of({"intervals": True, "resampling": {"confidence": 0.9}}) == Resampling(confidence=0.9)


@pytest.mark.parametrize("resampling", [{"confidence": 7}, {"unknown": 1}, None])
def test_resampling_of_wrong_settings_is_a_value_error(resampling):
    with pytest.raises(ValueError, match="."):
        resampling_of({"intervals": True, "resampling": resampling})
