"""Severity curves hold the scores."""

from __future__ import annotations

import numpy as np

from robustbench_endo.reports.data.curves import severity_curves
from robustbench_endo.reports.plotting.severity_curves import curve_block
from robustbench_endo.results import Resampling


def test_severity_curves_start_clean_and_equal_the_scores(usual_run):
    curves = severity_curves(usual_run, "miou")
    scores = usual_run.scores()
    model = usual_run.models[1]
    of_model = scores[scores["model"] == model]
    smoke = of_model[of_model["corruption"] == "smoke"].sort_values("severity")["miou"]
    clean = of_model[of_model["corruption"] == "clean"]["miou"]
    assert curves.severities == (0, 1, 2, 3, 4, 5)
    np.testing.assert_array_equal(curves.lines["smoke"][model], [*clean, *smoke])


def test_severity_curves_mean_panel_is_the_mean_of_the_corruptions(usual_run):
    curves = severity_curves(usual_run, "accuracy")
    model = usual_run.models[0]
    stack = [lines[model] for name, lines in curves.lines.items() if name != "mean"]
    np.testing.assert_allclose(curves.lines["mean"][model], np.mean(stack, axis=0))


def test_severity_curves_have_a_gap_at_a_missing_condition(make_run):
    def without(frame, info):
        return frame.drop(frame.index[(frame["corruption"] == "smoke") & (frame["severity"] == 3)])

    results = make_run(gallery=False, edit=without)
    curves = severity_curves(results, "miou")
    assert np.flatnonzero(np.isnan(curves.lines["smoke"][results.models[0]])).tolist() == [3]
    assert "–" in next(panel for panel in curve_block(curves).panels if panel.label == "Smoke").description


def test_severity_curves_bands_contain_the_lines(usual_run):
    curves = severity_curves(usual_run, "miou", Resampling(resamples=200))
    for panel, lines in curves.lines.items():
        for model, values in lines.items():
            low, high = curves.bands[panel][model]
            assert ((low <= values + 1e-9) & (values - 1e-9 <= high)).all()
    assert severity_curves(usual_run, "miou").bands == {}


def test_severity_curves_have_the_floor_of_every_panel(usual_run):
    curves = severity_curves(usual_run, "miou")
    floors = usual_run.floors().set_index(["floor", "corruption", "severity"])["miou"]["background everywhere"]
    assert curves.floor_name == "background everywhere"
    assert set(curves.floor) == set(curves.lines)
    np.testing.assert_allclose(curves.floor["smoke"], [floors["clean", 0], *floors["smoke"]])
    assert severity_curves(usual_run, "image_ssim").floor == {}
    named = severity_curves(usual_run, "dice[shaft]")
    assert named.metric.label == "Dice of shaft"
    assert (named.floor["mean"] == 0).all()


def test_severity_curves_limits_hold_every_number(usual_run):
    assert severity_curves(usual_run, "miou").limits == (0.0, 100.0)
    curves = severity_curves(usual_run, "hd95")
    top = max(values.max() for lines in curves.lines.values() for values in lines.values())
    assert curves.limits == (0.0, top * 1.05)
