"""Joint failures of two tasks, counted by hand."""

import numpy as np
import pytest

from robustbench_endo.results import Resampling
from robustbench_endo.results.joint_failures import joint_failure_names, joint_rates


def test_joint_failures_by_hand(four):
    table = four.joint_failures()
    assert list(table.columns) == [*joint_failure_names(four.tasks[-1], four.tasks[-2]), "phi"]
    assert table.loc["a"].to_dict() == {
        "both_correct": 25,
        "only_segmentation": 25,
        "only_activity": 25,
        "both_failed": 25,
        "phi": 0,
    }


def test_phi_is_the_correlation_of_the_failures():
    random = np.random.default_rng(0)
    mask, activity = random.random((2, 500)) < 0.3
    activity |= mask & (random.random(500) < 0.5)
    cells = [(mask == m) & (activity == a) for m, a in ((0, 0), (1, 0), (0, 1), (1, 1))]
    *_, phi = joint_rates(np.array([cell.sum() for cell in cells], float))
    assert phi == pytest.approx(np.corrcoef(mask, activity)[0, 1])
    assert np.isnan(joint_rates(np.array([5.0, 0, 3, 0]))[-1])


def test_joint_failures_with_intervals(results):
    joint = results.joint_failures({"segmentation": 0.6}, Resampling(resamples=300))
    points = results.joint_failures({"segmentation": 0.6})
    assert (joint["phi", "low"] < joint["phi", "value"]).all()
    np.testing.assert_allclose(joint["phi", "value"], points["phi"])
    shares = [name for name in points.columns if name != "phi"]
    np.testing.assert_allclose(points[shares].sum(axis=1), 100)
