"""Curves hold the scores."""

from __future__ import annotations

import numpy as np

from robustbench_endo.reports.data.curves import severity_curves
from robustbench_endo.reports.plotting.severity_curves import curve_block


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
