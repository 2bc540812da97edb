"""``results.plot``: the figures of a run by name, the table of scores as figures, and notebooks."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import to_hex

from robustbench_endo.errors import RobustEndoError, UnknownNameError
from robustbench_endo.reports.palette import model_styles
from robustbench_endo.reports.plotting.plots import categories_figure, heat_figure
from robustbench_endo.results import Resampling


def test_plots_severity_is_the_scores(usual_run):
    model = usual_run.models[1]
    scores = usual_run.scores()
    rows = scores[(scores["model"] == model) & (scores["corruption"] == "smoke")].sort_values("severity")
    figure = usual_run.plot.severity("miou", "smoke")
    line = next(line for line in figure.axes[0].lines if line.get_label() == model)
    np.testing.assert_allclose(line.get_ydata()[1:], rows["miou"])
    assert figure.axes[0].get_ylabel() == "mIoU (%)"
    assert figure.axes[0].get_xlabel() == "Severity (0 = clean)"


def test_plots_severity_has_a_panel_per_corruption(usual_run):
    titles = {axes.get_title(loc="left") for axes in usual_run.plot.severity("accuracy").axes}
    assert {"Smoke", "JPEG compression", "Gaussian noise"} <= titles


def test_plots_give_a_model_one_colour_everywhere(usual_run):
    styles = model_styles(usual_run.models)
    for figure in (usual_run.plot.severity(corruption="mean"), usual_run.plot.categories()):
        for line in figure.axes[0].lines:
            if line.get_label() in styles:
                assert to_hex(line.get_color()) == styles[line.get_label()].light


def test_plots_have_axes_with_names(usual_run):
    assert usual_run.plot.envelope().axes[0].get_title(loc="left").startswith("Retains 90 %")
    requested = usual_run.plot.envelope({"miou": 0.5}, Resampling(resamples=200))
    assert "mIoU ≥ 50 %" in requested.axes[0].get_title(loc="left")
    assert usual_run.plot.failures().axes[0].get_xlabel() == "Frames (%)"
    assert usual_run.plot.calibration("activity").axes[0].get_xlabel() == "Confidence (%)"


def test_plots_are_images_in_a_notebook(usual_run):
    assert usual_run.plot.categories()._repr_png_().startswith(b"\x89PNG")


def test_plots_reject_unknown_names(usual_run):
    with pytest.raises(UnknownNameError, match="a corruption of the run, got 'fog'"):
        usual_run.plot.severity(corruption="fog")
    with pytest.raises(RobustEndoError, match="a metric of the run, got 'iou'"):
        usual_run.plot.heat("iou")
    with pytest.raises(RobustEndoError, match="a task of the run, got 'masks': choose from activity, segmentation"):
        usual_run.plot.calibration("masks")


def test_plots_of_a_run_without_scores_raise(make_run, unscored):
    results = make_run(corruptions=["smoke"], severities=[1], gallery=False, edit=unscored)
    with pytest.raises(RobustEndoError, match="Expected a run with scores to draw"):
        results.plot.heat()


def test_plots_are_loaded_without_matplotlib():
    code = "import sys, robustbench_endo.results as r; r.Results.plot; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_categories_figure_points_are_the_table(usual_run):
    table = usual_run.table(("miou",), Resampling(resamples=200))["miou"]
    figure = categories_figure(usual_run, "miou", Resampling(resamples=200))
    keys = [key for key in table.index if key[0] in ("clean", "mean")]
    line = next(line for line in figure.axes[0].lines if line.get_label() == usual_run.models[0])
    np.testing.assert_allclose(line.get_xdata(), table.loc[keys, (usual_run.models[0], "value")])


def test_heat_figure_texts_are_the_table(usual_run):
    texts = {text.get_text() for text in heat_figure(usual_run, "miou").axes[0].texts}
    values = usual_run.table(("miou",)).to_numpy(float).ravel()
    floor = usual_run.floor("miou")[1].point.mean_over_corruptions().item()
    assert {f"{value:.2f}" for value in (*values, floor)} == texts


def test_heat_figure_marks_missing_numbers(make_run):
    def without_smoke(frame, info):
        return frame.drop(frame.index[frame["corruption"] == "smoke"])

    figure = heat_figure(make_run(gallery=False, edit=without_smoke), "miou")
    assert "–" in {text.get_text() for text in figure.axes[0].texts}


def test_plots_called_as_a_function_draw_severity_curves(annotated_run):
    titles = {axes.get_title(loc="left") for axes in annotated_run.plot().axes}
    assert {"Smoke", "Contrast", "Spatter"} <= titles
    assert annotated_run.plot("accuracy", "smoke").axes[0].get_ylabel() == "Activity accuracy (%)"
    assert "severity" in repr(annotated_run.plot)
