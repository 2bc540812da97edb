"""Curves hold the scores; drawings are the same bytes every time and carry nobody's text."""

from __future__ import annotations

import numpy as np

from robustbench_endo.reports.curves import curve_figure, severity_curves
from robustbench_endo.reports.drawing import svg
from robustbench_endo.reports.figures import curve_block


def test_a_line_starts_clean_and_follows_the_scores(usual_run):
    results = usual_run
    curves = severity_curves(results, "miou")
    scores = results.scores()
    model = results.models[1]
    mine = scores[scores["model"] == model]
    smoke = mine[mine["corruption"] == "smoke"].sort_values("severity")["miou"]
    clean = mine[mine["corruption"] == "clean"]["miou"]
    assert curves.severities == (0, 1, 2, 3, 4, 5)
    np.testing.assert_array_equal(curves.lines["smoke"][model], [*clean, *smoke])


def test_the_mean_panel_is_the_mean_of_the_corruptions(usual_run):
    results = usual_run
    curves = severity_curves(results, "accuracy")
    model = results.models[0]
    stack = [lines[model] for name, lines in curves.lines.items() if name != "mean"]
    np.testing.assert_allclose(curves.lines["mean"][model], np.mean(stack, axis=0))


def test_a_missing_condition_is_a_gap(make_run):
    def without(frame, info):
        return frame.drop(frame.index[(frame["corruption"] == "smoke") & (frame["severity"] == 3)])

    results = make_run(gallery=False, edit=without)
    curves = severity_curves(results, "miou")
    assert np.flatnonzero(np.isnan(curves.lines["smoke"][results.models[0]])).tolist() == [3]
    assert "–" in next(panel for panel in curve_block(curves).panels if panel.label == "Smoke").words


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
