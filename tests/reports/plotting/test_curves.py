"""Drawings are the same bytes every time and carry nobody's text."""

from __future__ import annotations

from robustbench_endo.reports.data.curves import severity_curves
from robustbench_endo.reports.plotting.severity_curves import curve_figure
from robustbench_endo.reports.plotting.style import svg


def test_all_panels_share_their_scale(usual_run):
    curves = severity_curves(usual_run, "hd95")
    figures = [curve_figure(curves, panel, (2, 1.5)) for panel in ("smoke", "contrast")]
    assert figures[0].axes[0].get_ylim() == figures[1].axes[0].get_ylim() == curves.limits


def test_an_svg_is_the_same_bytes_and_holds_no_date_and_no_name(make_run):
    curves = severity_curves(make_run(models=["$secret$"], gallery=False), "miou")
    first, second = (svg(curve_figure(curves, "smoke", (2, 1.5)), "salt") for _ in range(2))
    assert first == second
    assert "secret" not in first
    assert "dc:date" not in first
