"""Ways to rank, and Kendall's tau: equal to challengeR on its own example, ties, missing scores."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import kendalltau

from robustbench_endo.results.rankings.pair_p_values import holm_of_pairs, wilcoxon_p
from robustbench_endo.results.rankings.rank_methods import (
    METHODS,
    aggregate_then_rank,
    kendall_tau,
    mean,
    median,
    rank,
    rank_by_wins,
    rank_then_aggregate,
)

RULES = {
    "aggregate_mean": (aggregate_then_rank, mean),
    "aggregate_median": (aggregate_then_rank, median),
    "rank_mean": (rank_then_aggregate, mean),
    "rank_median": (rank_then_aggregate, median),
}


@pytest.mark.parametrize("method", RULES)
def test_aggregates_and_ranks_equal_those_of_challenger(method, cases, direction):
    higher, recorded = direction
    function, aggregate = RULES[method]
    for task, expected in recorded["rankings"][method].items():
        values, ranks = function(cases[task], aggregate, higher)
        np.testing.assert_allclose(values, expected["value"], rtol=1e-12)
        assert ranks.tolist() == expected["rank"]


@pytest.mark.parametrize("correction", ["test", "test_holm"])
def test_ranks_by_tests_equal_those_of_challenger(correction, cases, direction):
    higher, recorded = direction
    for task, expected in recorded["rankings"][correction].items():
        p = wilcoxon_p(cases[task], higher)
        p = holm_of_pairs(p) if correction == "test_holm" else p
        wins, ranks = rank_by_wins(np.nan_to_num(p, nan=1.0) <= 0.05)
        assert (wins / 4).tolist() == expected["value"]  # challengeR: the share of the other algorithms
        assert ranks.tolist() == expected["rank"]


def test_equal_scores_share_the_smallest_rank_and_missing_ones_are_last():
    scores = np.array([[0.5, 0.9, 0.5, np.nan, 0.1], [np.nan] * 5])
    assert rank(scores, True).tolist() == [[2, 1, 2, 5, 4], [1] * 5]
    assert rank(scores, False).tolist() == [[2, 4, 2, 5, 1], [1] * 5]
    assert rank(np.array([0.1 + 0.2, 0.3]), True).tolist() == [1, 1]  # rounding is no difference


def test_rank_then_aggregate_differs_where_few_cases_dominate():
    cases = np.array([[0.9, 0.8], [0.9, 0.8], [0.1, 0.8]])
    assert aggregate_then_rank(cases, mean, True)[1].tolist() == [2, 1]
    assert rank_then_aggregate(cases, mean, True)[1].tolist() == [1, 2]
    assert aggregate_then_rank(cases, median, True)[1].tolist() == [1, 2]


def test_median_ignores_what_is_missing():
    cases = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]])
    np.testing.assert_array_equal(median(cases), [2.0, np.nan])


def test_methods_have_unique_labels_and_sentences():
    assert len({method.label for method in METHODS.values()}) == len(METHODS)
    assert all(method.description.endswith(".") for method in METHODS.values())


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
