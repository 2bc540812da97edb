"""Severity curves inside a notebook."""

import re

import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.reports.palette import LIGHT
from robustbench_endo.reports.plotting import inline_figure
from robustbench_endo.reports.plotting.inline_figure import MIDDLE, inline_severity_curves


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("background", ["#ffffff", "#1e1e1e"])
def test_colours_contrast_with_light_and_dark_pages(background):
    assert len(MIDDLE) == len(LIGHT)
    for colour in MIDDLE:
        low, high = sorted((luminance(colour) + 0.05, luminance(background) + 0.05))
        assert high / low >= 3, colour


def test_inline_severity_curves_are_small_and_complete(usual_run, monkeypatch):
    page = inline_severity_curves(usual_run, "miou")
    assert len(page) < 150_000
    assert {"JPEG compression", "Smoke"} <= set(re.findall(r"<text[^>]*>([^<]*)</text>", page))
    assert not re.search(r"#[0-9a-f]{6}\b", page.partition("<svg")[2]), "every colour follows the page"
    monkeypatch.setattr(inline_figure, "MAX_CURVES", 10)
    mean = inline_severity_curves(usual_run, "miou")
    assert "Mean of all corruptions" in mean
    assert len(mean) < len(page) / 3


def test_inline_severity_curves_leave_names_as_they_are(make_run):
    page = inline_severity_curves(make_run(models=["net 1.23456", "b"], corruptions=["smoke"]), "miou")
    assert "net 1.23456" in page


def test_inline_severity_curves_reject_unknown_metric(usual_run):
    with pytest.raises(RobustEndoError, match="a metric of the run"):
        inline_severity_curves(usual_run, "mio")
