"""Options that several commands share."""

import pytest

from robustbench_endo.cli.export import FORMATS as EXPORT_FORMATS
from robustbench_endo.cli.options import REPORT_FORMATS, parse_thresholds, resampling_from
from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation.config import FORMATS
from robustbench_endo.models import export
from robustbench_endo.reports import write
from robustbench_endo.results import Resampling


def test_formats_equal_those_of_the_modules_that_are_not_imported():
    assert REPORT_FORMATS == write.FORMATS == FORMATS
    assert EXPORT_FORMATS == export.FORMATS


def test_resampling_from_removes_its_options():
    params = {"resamples": 300, "confidence": 0.9, "resample_seed": 4, "bootstrap_unit": "frame", "other": 1}
    assert resampling_from(params) == Resampling(300, 0.9, 4, "frame")
    assert params == {"other": 1}


def test_parse_thresholds_reads_numbers():
    assert parse_thresholds(["dice=0.8", "hd95 = 40"]) == {"dice": 0.8, "hd95": 40.0}
    with pytest.raises(RobustEndoError, match="Expected a threshold such as dice=0.8, got 'dice'"):
        parse_thresholds(["dice"])
