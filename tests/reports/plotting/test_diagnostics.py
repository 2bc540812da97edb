"""Figures of safe ranges, failures and calibration."""

from __future__ import annotations

import numpy as np
import pandas as pd

from robustbench_endo.reports.data import confidence
from robustbench_endo.reports.data.confidence import reliability
from robustbench_endo.reports.plotting.diagnostics import (
    calibration_figure,
    envelope_figure,
    failures_figure,
    relative_figure,
)
from robustbench_endo.results import Resampling

SETTINGS = Resampling(resamples=200)


def points(figure):
    """Label of each row -> positions of the markers."""
    axes = figure.axes[0]
    return np.stack([line.get_xdata() for line in axes.lines if len(line.get_xdata()) > 2])


def test_envelope_figure_points_are_the_envelope(usual_run):
    figure = envelope_figure(usual_run, {"miou": 0.5}, SETTINGS)
    assert "mIoU ≥ 50 %" in figure.axes[0].get_title(loc="left")
    records = usual_run.envelope({"miou": 0.5}, SETTINGS).set_index(["corruption", "model"])["severity"]
    expected = [
        [-1.0 if pd.isna(records[name, model]) else float(records[name, model]) for name in usual_run.corruptions]
        for model in usual_run.models
    ]
    np.testing.assert_array_equal(points(figure), expected)


def test_relative_figure_title_names_the_fraction(usual_run):
    assert relative_figure(usual_run).axes[0].get_title(loc="left").startswith("Retains 90 %")


def test_relative_figure_without_scores_says_so(make_run, unscored):
    figure = relative_figure(make_run(corruptions=["smoke"], severities=[1], gallery=False, edit=unscored))
    assert [text.get_text() for text in figure.axes[0].texts] == ["no numbers"]


def test_failures_figure_bars_are_the_rates(usual_run):
    figure = failures_figure(usual_run)
    assert figure.axes[0].get_xlabel() == "Frames (%)"
    rates = usual_run.failures().loc[("mean", "all")]
    widths = [bar.get_width() for bar in figure.axes[0].patches]
    expected = [*rates["segmentation_failed"][usual_run.models], *rates["segmentation_silent"][usual_run.models]]
    np.testing.assert_allclose(widths, expected)


def test_calibration_figure_points_are_the_bins(usual_run, monkeypatch):
    monkeypatch.setattr(confidence, "MIN_BIN_FRAMES", 1)
    task = next(task for task in usual_run.tasks if task.name == "activity")
    figure = calibration_figure(usual_run, task)
    assert figure.axes[0].get_xlabel() == "Confidence (%)"
    bins = reliability(usual_run, task).by_frames["Clean"]
    for model, line in bins.items():
        drawing = next(item for item in figure.axes[0].lines if item.get_label() == model)
        np.testing.assert_array_equal(drawing.get_ydata(), line.accuracy[line.visible])
