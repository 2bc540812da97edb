"""Scores against scikit-learn-style definitions written out by hand."""

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.results.scoring import activity_scores, calibration_error, group_mean, overlap_scores


def frame_of(target, predicted, confidence):
    return pd.DataFrame(
        {"activity_target": target, "activity_prediction": predicted, "activity_confidence": confidence}
    )


def test_activity_by_hand():
    frame = frame_of([0, 0, 0, 1, 2, -1], [0, 0, 1, 1, 1, 2], [0.9] * 6)
    found = activity_scores(frame, np.zeros(6, np.intp), 1, 4)
    assert found["accuracy"][0] == pytest.approx(3 / 5)
    assert found["balanced_accuracy"][0] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert found["macro_f1"][0] == pytest.approx((2 * 2 / 5 + 2 * 1 / 4 + 0) / 3)


def test_conditions_do_not_mix():
    frame = frame_of([0, 1, 0, 1], [0, 1, 1, 0], [0.5] * 4)
    found = activity_scores(frame, np.array([0, 0, 2, 2]), 3, 2)
    np.testing.assert_allclose(found["accuracy"], [1, np.nan, 0])


def test_calibration_error_by_hand():
    confidence = np.array([0.95, 0.95, 0.55, 1.0])
    right = np.array([True, False, True, True])
    # bins (14/15, 1]: 3 frames, accuracy 2/3, confidence 0.9667; (8/15, 9/15]: 1 frame, accuracy 1, confidence 0.55
    expected = (abs(2 - 2.9) + abs(1 - 0.55)) / 4
    assert calibration_error(confidence, right, np.zeros(4, np.intp), 1)[0] == pytest.approx(expected)


def test_a_perfectly_calibrated_model_has_no_error():
    random = np.random.default_rng(0)
    confidence = random.uniform(0.34, 1, 200_000)
    right = random.uniform(size=confidence.size) < confidence
    assert calibration_error(confidence, right, np.zeros(confidence.size, np.intp), 1)[0] < 0.01


def test_overlap_leaves_out_a_class_that_never_occurs():
    counts = {"tp": [8, 2, 0], "fp": [1, 1, 0], "fn": [1, 1, 0]}
    frame = pd.DataFrame({f"{kind}_{c}": [row[c]] for kind, row in counts.items() for c in range(3)})
    found = overlap_scores(frame, np.zeros(1, np.intp), 1, 3)
    assert found["miou"][0] == pytest.approx((8 / 10 + 2 / 4) / 2)
    assert found["dice"][0] == pytest.approx((16 / 18 + 4 / 6) / 2)


def test_a_mean_of_nothing_is_not_zero():
    values = np.array([1.0, np.nan, np.inf, 3.0])
    np.testing.assert_allclose(group_mean(values, np.array([0, 0, 1, 0]), 2), [2, np.nan])
