"""The figures of a run: what is drawn is what was scored, and a notebook shows it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import to_hex

from robustbench_endo.errors import RobustEndoError, UnknownNameError
from robustbench_endo.reports.data.calibration import reliability
from robustbench_endo.reports.palette import model_styles
from robustbench_endo.results import Bootstrap


def test_a_curve_is_the_scores(usual_run):
    model = usual_run.models[1]
    scores = usual_run.scores()
    mine = scores[(scores["model"] == model) & (scores["corruption"] == "smoke")].sort_values("severity")
    figure = usual_run.plot.severity("miou", "smoke")
    line = next(line for line in figure.axes[0].lines if line.get_label() == model)
    np.testing.assert_allclose(line.get_ydata()[1:], mine["miou"])
    assert figure.axes[0].get_ylabel() == "mIoU (%)"
    assert figure.axes[0].get_xlabel() == "Severity (0 = clean)"


def test_all_corruptions_are_beside_each_other(usual_run):
    titles = {axes.get_title(loc="left") for axes in usual_run.plot.severity("accuracy").axes}
    assert {"Smoke", "JPEG compression", "Gaussian noise"} <= titles


def test_a_model_has_one_colour_everywhere(usual_run):
    styles = model_styles(usual_run.models)
    for figure in (usual_run.plot.severity(corruption="mean"), usual_run.plot.categories()):
        for line in figure.axes[0].lines:
            if line.get_label() in styles:
                assert to_hex(line.get_color()) == styles[line.get_label()].light


def test_groups_and_heat_hold_the_table(usual_run):
    table = usual_run.table(("miou",), Bootstrap(resamples=200))["miou"]
    figure = usual_run.plot.categories("miou", Bootstrap(resamples=200))
    keys = [key for key in table.index if key[0] in ("clean", "mean")]
    line = next(line for line in figure.axes[0].lines if line.get_label() == usual_run.models[0])
    np.testing.assert_allclose(line.get_xdata(), table.loc[keys, (usual_run.models[0], "value")])
    texts = {text.get_text() for text in usual_run.plot.heat("miou").axes[0].texts}
    values = usual_run.table(("miou",)).to_numpy(float).ravel()
    assert {f"{value:.2f}" for value in values} == texts


def test_bins_are_those_of_the_calibration_error(usual_run):
    clean = reliability(usual_run, "activity")["Clean"]
    scores = usual_run.scores()
    for model, line in clean.items():
        ece = scores[(scores["model"] == model) & (scores["corruption"] == "clean")]["ece"].item()
        assert line.error == pytest.approx(ece)


def test_the_envelope_and_the_failures_draw(usual_run):
    assert usual_run.plot.envelope().axes[0].get_title(loc="left").startswith("Keeps 90 %")
    asked = usual_run.plot.envelope({"miou": 0.5}, Bootstrap(resamples=200))
    assert "mIoU ≥ 50 %" in asked.axes[0].get_title(loc="left")
    assert usual_run.plot.failures().axes[0].get_xlabel() == "Share of frames (%)"
    assert usual_run.plot.calibration("activity").axes[0].get_xlabel() == "Confidence (%)"


def test_a_notebook_shows_a_figure(usual_run):
    assert usual_run.plot.categories()._repr_png_().startswith(b"\x89PNG")


def test_names_that_are_not_there(usual_run):
    with pytest.raises(UnknownNameError, match="a corruption of the run, got 'fog'"):
        usual_run.plot.severity(corruption="fog")
    with pytest.raises(RobustEndoError, match="a metric of the run, got 'iou'"):
        usual_run.plot.heat("iou")
    with pytest.raises(RobustEndoError, match="segmentation or activity, got the task 'masks'"):
        usual_run.plot.calibration("masks")


def test_a_run_without_scores_says_so(make_run, unscored):
    results = make_run(corruptions=["smoke"], severities=[1], gallery=False, edit=unscored)
    with pytest.raises(RobustEndoError, match="Expected a run with scores to draw"):
        results.plot.heat()


def test_results_load_without_matplotlib():
    code = "import sys, robustbench_endo.results as r; r.Results.plot; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
