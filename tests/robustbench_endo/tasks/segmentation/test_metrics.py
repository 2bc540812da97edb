"""The segmentation metrics: values per frame and formulas of summed counts."""

import numpy as np
import pandas as pd
import pytest
import torch

from robustbench_endo.tasks.segmentation.batch import SegmentationBatch
from robustbench_endo.tasks.segmentation.metrics import (
    METRICS,
    ClassDice,
    Dice,
    DiceForeground,
    DiceWorstClass,
    HausdorffDiagonal,
    MeanIoU,
    MeanIoUForeground,
    MissedClasses,
    SegmentationCalibrationError,
    bin_columns,
)

FRAME_METRICS = [metric for metric in METRICS if metric.column is not None]


@pytest.mark.parametrize("metric", FRAME_METRICS, ids=lambda metric: metric.name)
def test_metric_update_compute_reset(metric, label_maps):
    batch = SegmentationBatch(label_maps(0), label_maps(1), 4)
    scorer = metric()
    scorer.update(batch)
    scorer.update(batch)
    assert scorer.compute().shape == (2,)
    scorer.reset()
    assert scorer.compute().shape == (0,)


@pytest.mark.parametrize("metric", FRAME_METRICS, ids=lambda metric: metric.name)
def test_metric_of_perfect_prediction_is_best(metric, label_maps):
    target = label_maps(2)
    perfect, worse = metric(), metric()
    perfect.update(SegmentationBatch(target, target, 4))
    worse.update(SegmentationBatch(target.roll(5, 2), target, 4))
    best, other = float(perfect.compute()), float(worse.compute())
    assert best == pytest.approx(1.0 if metric.higher_is_better else 0.0, abs=1e-6)
    assert (best > other) == metric.higher_is_better


@pytest.mark.parametrize("metric", FRAME_METRICS, ids=lambda metric: metric.name)
def test_metric_without_target_is_nan(metric, label_maps):
    scorer = metric()
    scorer.update(SegmentationBatch(label_maps(0), torch.full_like(label_maps(0), 255), 4))
    assert bool(scorer.compute().isnan().all())


def test_overlap_excludes_class_that_never_occurs():
    counts = {"tp": [8, 2, 0], "fp": [1, 1, 0], "fn": [1, 1, 0]}
    frame = pd.DataFrame({f"{kind}_{c}": [row[c]] for kind, row in counts.items() for c in range(3)})
    sums = MeanIoU().statistics(frame, 3).sum(0)
    assert MeanIoU().formula(sums) == pytest.approx((8 / 10 + 2 / 4) / 2)
    assert Dice().formula(sums) == pytest.approx((16 / 18 + 4 / 6) / 2)


def counts_of(tp, fp, fn):
    return np.array([*tp, *fp, *fn], float)


def test_foreground_metrics_leave_the_background_out():
    sums = counts_of([80, 2, 0], [1, 1, 0], [1, 1, 0])
    assert MeanIoUForeground().formula(sums) == pytest.approx(2 / 4)
    assert DiceForeground().formula(sums) == pytest.approx(4 / 6)


def test_dice_worst_class_is_the_smallest_of_the_classes_in_the_truth():
    sums = counts_of([80, 20, 2], [1, 5, 1], [1, 5, 1])
    assert DiceWorstClass().formula(sums) == pytest.approx(4 / 6)
    predicted_only = counts_of([80, 20, 0], [1, 5, 7], [1, 5, 0])  # class 2 is in no mask
    assert DiceWorstClass().formula(predicted_only) == pytest.approx(40 / 50)
    missed = counts_of([80, 20, 0], [1, 5, 0], [1, 5, 7])
    assert DiceWorstClass().formula(missed) == 0


def test_dice_worst_class_of_one_foreground_class_is_its_dice():
    sums = counts_of([80, 20], [1, 5], [1, 5])
    assert DiceWorstClass().formula(sums) == pytest.approx(ClassDice(1, "shaft").formula(sums))


def test_dice_worst_class_without_foreground_is_nan():
    assert np.isnan(DiceWorstClass().formula(counts_of([80, 0], [1, 4], [4, 0])))
    assert np.isnan(DiceWorstClass().formula(counts_of([80], [1], [4])))


def test_segmentation_calibration_error_by_hand():
    frame = pd.DataFrame({name: [0.0] for kind in ("count", "correct", "confidence") for name in bin_columns(kind)})
    frame[["seg_bin_count_14", "seg_bin_correct_14", "seg_bin_confidence_14"]] = [[30, 24, 29.0]]
    frame[["seg_bin_count_7", "seg_bin_correct_7", "seg_bin_confidence_7"]] = [[10, 7, 5.0]]
    metric = SegmentationCalibrationError()
    assert metric.formula(metric.statistics(frame, 3).sum(0)) == pytest.approx((5 + 2) / 40)


def test_hausdorff_diagonal_is_relative_to_the_diagonal():
    frame = pd.DataFrame({"hd": [5.0, np.nan, 10.0], "diagonal": [50.0, 50.0, 40.0]})
    metric = HausdorffDiagonal()
    np.testing.assert_array_equal(metric.frame_values(frame), [0.1, np.nan, 0.25])
    assert metric.formula(metric.statistics(frame, 3).sum(0)) * metric.scale == pytest.approx(17.5)


def test_missed_rate_is_a_ratio_of_sums():
    frame = pd.DataFrame({"n_missed_classes": [1, 0], "n_scored_classes": [1, 4]})
    metric = MissedClasses()
    assert metric.formula(metric.statistics(frame, 3).sum(0)) == pytest.approx(1 / 5)
