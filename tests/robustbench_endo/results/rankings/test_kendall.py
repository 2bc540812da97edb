"""Kendall's tau-b: equal to challengeR's and SciPy's, ties, stacks of rankings."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import kendalltau

from robustbench_endo.results.rankings.kendall import kendall_tau


def test_tau_between_methods_equals_that_of_challenger(direction):
    _, recorded = direction
    for entry in recorded["tau"]:
        for task in ("c_ideal", "c_random", "c_worstcase"):
            one, other = (np.array(recorded["rankings"][entry[name]][task]["rank"], float) for name in ("one", "other"))
            expected = np.nan if entry[task] is None else entry[task]
            assert kendall_tau(one, other).item() == pytest.approx(expected, nan_ok=True)


def test_tau_between_tasks_equals_that_of_challenger(recorded):
    ranks = [task["rank"] for task in recorded["larger_is_better"]["rankings"]["aggregate_mean"].values()]
    values = np.array(ranks, float)
    expected = np.array(recorded["tau_between_tasks"], float)
    tau = kendall_tau(values[:, None], values[None])
    np.testing.assert_allclose(tau[:2, :2], expected[:2, :2])
    assert np.isnan(tau[2]).all()  # all algorithms are tied; R reports 1 on the diagonal


def test_tau_equals_scipy_with_ties():
    random = np.random.default_rng(0)
    ranks = random.integers(1, 5, (8, 7)).astype(float)
    tau = kendall_tau(ranks[:, None], ranks[None])
    for i, j in combinations(range(8), 2):
        assert tau[i, j] == pytest.approx(kendalltau(ranks[i], ranks[j]).statistic)
    assert tau[0, 0] == 1
    assert kendall_tau(ranks[0], 9 - ranks[0]) == -1
