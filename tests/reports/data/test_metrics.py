"""Which metrics of a run a report shows, and which one leads."""

from __future__ import annotations

import math

import numpy as np

from robustbench_endo.reports.data.metrics import (
    heading,
    headline,
    headline_present,
    leading_metric,
    metrics_present,
)
from robustbench_endo.reports.data.scores import score_table


def without_masks(frame, info):
    frame[[name for name in frame if name.startswith(("tp_", "fp_", "fn_"))]] = -1
    frame[["iou_mean", "dice_mean", "hd", "hd95", "assd", "nsd", "ssim"]] = math.nan
    frame["n_scored_classes"] = 0


def test_headline_has_one_metric_per_task(usual_run):
    assert headline(usual_run) == ["accuracy", "miou"]
    assert metrics_present(usual_run)[:2] == ["accuracy", "miou"]


def test_metrics_present_omits_a_task_without_numbers(make_run):
    results = make_run(gallery=False, edit=without_masks)
    assert "miou" not in metrics_present(results)
    assert headline_present(results) == ["accuracy"]
    assert leading_metric(results).name == "accuracy"


def test_leading_metric_is_that_of_the_last_task(usual_run, make_run, unscored):
    assert leading_metric(usual_run).name == "miou"
    results = make_run(gallery=False, edit=unscored)
    assert leading_metric(results) is None
    assert headline_present(results) == []


def test_metrics_present_start_with_user_defined_metrics(make_run):
    def with_metric(frame, info):
        frame["tool_tip_error"] = np.float32(1.5)
        info["metrics"] = [{"name": "tool_tip_error", "task": "segmentation"}]

    results = make_run(gallery=False, edit=with_metric)
    assert metrics_present(results)[0] == "tool_tip_error"
    assert score_table(results, ["tool_tip_error"]).rows[0].cells[0].text == "1.50"


def test_heading_has_label_and_unit(usual_run):
    assert heading(usual_run.metric("miou")) == "mIoU (%)"
    assert heading(usual_run.metric("brier")) == usual_run.metric("brier").label
