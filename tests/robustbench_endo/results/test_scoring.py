"""Scores against definitions written out by hand."""

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.results.dataset_scores import activity, calibration, divide, mean_of_present, overlap, ratio
from robustbench_endo.results.frame_statistics import activity_counts, activity_gaps, overlap_counts, pixel_gaps, values


def frame_of(target, predicted, confidence):
    return pd.DataFrame(
        {"activity_target": target, "activity_prediction": predicted, "activity_confidence": confidence}
    )


def test_activity_by_hand():
    frame = frame_of([0, 0, 0, 1, 2, -1, 1], [0, 0, 1, 1, 1, 2, -1], [0.9] * 7)
    found = activity(activity_counts(frame, 4).sum(0))
    assert found["accuracy"] == pytest.approx(3 / 5)
    assert found["balanced_accuracy"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert found["macro_f1"] == pytest.approx((2 * 2 / 5 + 2 * 1 / 4 + 0) / 3)


def test_calibration_error_by_hand():
    frame = frame_of([0, 0, 0, 0, 0], [0, 1, 0, 0, -1], [0.95, 0.95, 0.55, 1.0, np.nan])
    # bins (14/15, 1]: 3 frames, accuracy 2/3, confidence 0.9667; (8/15, 9/15]: 1 frame, accuracy 1, confidence 0.55
    expected = (abs(2 - 2.9) + abs(1 - 0.55)) / 4
    assert calibration(activity_gaps(frame).sum(0)) == pytest.approx(expected)


def test_a_perfectly_calibrated_model_has_no_error():
    random = np.random.default_rng(0)
    confidence = random.uniform(0.34, 1, 200_000)
    right = random.uniform(size=confidence.size) < confidence
    frame = frame_of(np.zeros(confidence.size, int), np.where(right, 0, 1), confidence)
    assert calibration(activity_gaps(frame).sum(0)) < 0.01


def test_pixel_calibration_by_hand():
    frame = pd.DataFrame({f"seg_bin_{kind}_{b}": [0.0] for kind in ("count", "right", "confidence") for b in range(15)})
    frame[["seg_bin_count_14", "seg_bin_right_14", "seg_bin_confidence_14"]] = [[30, 24, 29.0]]
    frame[["seg_bin_count_7", "seg_bin_right_7", "seg_bin_confidence_7"]] = [[10, 7, 5.0]]
    assert calibration(pixel_gaps(frame).sum(0)) == pytest.approx((5 + 2) / 40)


def test_overlap_leaves_out_a_class_that_never_occurs():
    counts = {"tp": [8, 2, 0], "fp": [1, 1, 0], "fn": [1, 1, 0]}
    frame = pd.DataFrame({f"{kind}_{c}": [row[c]] for kind, row in counts.items() for c in range(3)})
    found = overlap(overlap_counts(frame, 3).sum(0))
    assert found["miou"] == pytest.approx((8 / 10 + 2 / 4) / 2)
    assert found["dice"] == pytest.approx((16 / 18 + 4 / 6) / 2)


def test_a_mean_of_nothing_is_not_zero():
    assert ratio(values(np.array([1.0, np.nan, 3.0, np.inf])).sum(0)) == 2
    assert np.isnan(ratio(values(np.array([np.nan])).sum(0)))
    assert np.isnan(mean_of_present(np.full(3, np.nan)))
    np.testing.assert_array_equal(divide(np.array([1.0, 1.0]), np.array([0.0, 2.0])), [np.nan, 0.5])
