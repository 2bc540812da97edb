"""Figures of severity curves hold the scores, on one scale."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_endo.reports.data.curves import severity_curves
from robustbench_endo.reports.plotting.severity_curves import (
    curve_block,
    curve_figure,
    panels_figure,
    severity_figure,
    severity_figures,
)
from robustbench_endo.reports.plotting.style import MUTED


@pytest.fixture(scope="module")
def curves(usual_run):
    return severity_curves(usual_run, "hd95")


def test_curve_figure_panels_share_their_scale(curves):
    figures = [curve_figure(curves, panel, (2, 1.5)) for panel in ("smoke", "contrast")]
    assert figures[0].axes[0].get_ylim() == figures[1].axes[0].get_ylim() == curves.limits


def test_severity_figure_lines_are_the_scores(curves):
    axes = severity_figure(curves, "smoke").axes[0]
    for model, values in curves.lines["smoke"].items():
        line = next(line for line in axes.lines if line.get_label() == model)
        np.testing.assert_array_equal(line.get_ydata(), values)


def test_curve_figure_draws_the_floor_as_a_dashed_line(usual_run):
    curves = severity_curves(usual_run, "miou")
    (floor,) = (line for line in curve_figure(curves, "smoke", (2, 1.5)).axes[0].lines if line.get_color() == MUTED)
    np.testing.assert_array_equal(floor.get_ydata(), curves.floor["smoke"])
    assert floor.get_linestyle() == "--"
    assert "Dashed line, the floor (background everywhere): " in curve_block(curves).mean.description
    without = curve_figure(severity_curves(usual_run, "image_ssim"), "smoke", (2, 1.5)).axes[0].lines
    assert len(without) == len(usual_run.models)


def test_severity_figures_give_every_panel_at_one_position(curves):
    panels = dict(severity_figures(curves))
    assert list(panels) == list(curves.lines)
    assert len({str(figure.axes[0].get_position()) for figure in panels.values()}) == 1


def test_panels_figure_has_one_panel_per_corruption(curves):
    axes = [axes for axes in panels_figure(curves).axes if axes.axison]
    assert len(axes) == len(curves.lines) - 1


def test_curve_block_describes_each_panel_for_screen_readers(curves):
    block = curve_block(curves)
    assert block.mean.label == "Mean of all corruptions"
    assert "at severities 0, 1, 2, 3, 4, 5" in block.panels[0].description
    assert all(model in block.panels[0].description for model in curves.styles)


def test_curves_are_grey_where_severities_are_not_plausible(make_run):
    def state(frame, info):
        next(entry for entry in info["corruptions"] if entry["name"] == "smoke")["plausible"] = [2, 3]

    results = make_run(gallery=False, corruptions=["smoke", "contrast"], edit=state)
    curves = severity_curves(results, "miou")
    assert curves.plausible == {"smoke": (2, 3)}
    grey = [
        (patch.get_x(), patch.get_x() + patch.get_width())
        for patch in curve_figure(curves, "smoke", (2, 1.5)).axes[0].patches
    ]
    assert sorted(span for span in grey if span[1] > span[0]) == [(0.5, 1.5), (3.5, 5.15)]
    assert not curve_figure(curves, "contrast", (2, 1.5)).axes[0].patches
    block = curve_block(curves)
    assert block.marks_severities
    described = {panel.label: panel.description for panel in block.panels}
    assert "Grey: severities outside the plausible ones, 2 to 3." in described["Smoke"]
    assert "Grey" not in described["Contrast"]
