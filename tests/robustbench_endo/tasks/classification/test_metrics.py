"""The classification metrics, compared with definitions written out by hand."""

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.tasks.classification.metrics import Accuracy, BalancedAccuracy, Brier, CalibrationError, MacroF1
from robustbench_endo.tasks.classification.task import Classification
from robustbench_endo.tasks.registry import get_task

ACTIVITY = get_task("activity")


def frame_of(target, predicted, confidence):
    return pd.DataFrame(
        {"activity_target": target, "activity_prediction": predicted, "activity_confidence": confidence}
    )


def value_of(kind, frame, num_labels=4):
    metric = kind(ACTIVITY)
    return metric.formula(metric.statistics(frame, num_labels).sum(0))


def test_activity_metrics_by_hand():
    frame = frame_of([0, 0, 0, 1, 2, -1, 1], [0, 0, 1, 1, 1, 2, -1], [0.9] * 7)
    assert value_of(Accuracy, frame) == pytest.approx(3 / 5)
    assert value_of(BalancedAccuracy, frame) == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert value_of(MacroF1, frame) == pytest.approx((2 * 2 / 5 + 2 * 1 / 4 + 0) / 3)


def test_calibration_error_by_hand():
    frame = frame_of([0, 0, 0, 0, 0], [0, 1, 0, 0, -1], [0.95, 0.95, 0.55, 1.0, np.nan])
    # bins (14/15, 1]: 3 frames, accuracy 2/3, confidence 0.9667; (8/15, 9/15]: 1 frame, accuracy 1, confidence 0.55
    expected = (abs(2 - 2.9) + abs(1 - 0.55)) / 4
    assert value_of(CalibrationError, frame) == pytest.approx(expected)


def test_calibration_error_of_calibrated_model_is_zero():
    random = np.random.default_rng(0)
    confidence = random.uniform(0.34, 1, 200_000)
    correct = random.uniform(size=confidence.size) < confidence
    frame = frame_of(np.zeros(confidence.size, int), np.where(correct, 0, 1), confidence)
    assert value_of(CalibrationError, frame) < 0.01


def test_brier_is_the_mean_of_its_column():
    frame = pd.DataFrame({"activity_brier": [0.5, np.nan, 1.5]})
    assert value_of(Brier, frame) == 1
    assert Brier(ACTIVITY).upper_bound is None


def test_metric_names_carry_the_prefix_of_the_task():
    task = Classification("phase", title="Phase", label_attribute="phases")
    metric = MacroF1(task)
    assert (metric.name, metric.task, metric.label) == ("phase_macro_f1", "phase", "Phase: Macro F1")
    assert metric.description == "F1 of each phase that occurs or is predicted, averaged over phases."
    assert Accuracy(task).label == "Phase accuracy"


def test_calibration_error_leaves_out_unknown_labels_and_confidences():
    known = frame_of([0, 1], [0, 0], [0.9, 0.6])
    more = frame_of([0, 1, -1, 2, 0], [0, 0, 1, -1, 0], [0.9, 0.6, 0.2, 0.3, np.nan])
    assert value_of(CalibrationError, more) == pytest.approx(value_of(CalibrationError, known))
    assert value_of(CalibrationError, known) == pytest.approx((0.1 + 0.6) / 2)
