"""Ways to aggregate scores into a ranking, and how much two rankings agree.

Rank 1 is the best; equal models share the smallest of their ranks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.metrics.aggregation import Floats, divide, mean_of_present
from robustbench_endo.results.resampling import SAME

Aggregate = Callable[[Floats], Floats]
"""(cases, models) -> (models,)."""


@dataclass(frozen=True)
class RankMethod:
    """A way to rank models.

    Attributes:
        name: column of :attr:`Rankings.ranks`.
        label: heading in reports.
        description: definition in one sentence.
    """

    name: str
    label: str
    description: str


METHODS: dict[str, RankMethod] = {
    method.name: method
    for method in (
        RankMethod("mean", "Mean of corruptions", "By the mean over severities, then over corruptions, of all frames."),
        RankMethod("worst_case", "Worst corruption", "By the corruption under which a model is worst."),
        RankMethod(
            "corruption_ranks",
            "Mean rank over corruptions",
            "Ranked under each corruption; by the mean of these ranks.",
        ),
        RankMethod(
            "aggregate_mean", "Mean over subjects", "By the mean over subjects of each one's own mean of corruptions."
        ),
        RankMethod("aggregate_median", "Median over subjects", "As before, by the median over subjects."),
        RankMethod("rank_mean", "Mean rank over subjects", "Ranked for each subject; by the mean of these ranks."),
        RankMethod(
            "rank_median", "Median rank over subjects", "Ranked for each subject; by the median of these ranks."
        ),
        RankMethod("test", "Significant pairs", "By the number of models that a model is significantly better than."),
    )
}
"""Name -> method, in the order of tables."""


def rank(scores: Floats, higher_is_better: bool) -> Floats:
    """Ranks along the last axis; models without a score share the rank after all others.

    Scores that differ only by rounding are equal.

    >>> rank(np.array([0.7, 0.9, 0.7, np.nan]), True).tolist()
    [2.0, 1.0, 2.0, 4.0]
    """
    values = np.where(np.isnan(scores), -np.inf, scores if higher_is_better else -scores)
    size = np.nan_to_num(np.abs(values), posinf=0.0)
    allowed = SAME * np.maximum(1, np.maximum(size[..., :, None], size[..., None, :]))
    with np.errstate(invalid="ignore"):  # two infinite values are equal: their difference, NaN, is not above anything
        better = values[..., None, :] - values[..., :, None] > allowed
    ranks: Floats = 1.0 + better.sum(-1)
    return ranks


def aggregate_then_rank(cases: Floats, aggregate: Aggregate, higher_is_better: bool) -> tuple[Floats, Floats]:
    """Aggregate the scores (cases, models) of all cases, then rank: the aggregates and the ranks, each (models,)."""
    values = aggregate(cases)
    return values, rank(values, higher_is_better)


def rank_then_aggregate(cases: Floats, aggregate: Aggregate, higher_is_better: bool) -> tuple[Floats, Floats]:
    """Rank the models within each case (cases, models), aggregate the ranks, rank again.

    >>> rank_then_aggregate(np.array([[3.0, 2, 1], [3, 2, 1], [0, 2, 1]]), mean, True)[0].round(2).tolist()
    [1.67, 1.67, 2.67]
    """
    values = aggregate(rank(cases, higher_is_better))
    return values, rank(values, higher_is_better=False)


def rank_by_wins(wins: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Rank by the number of other models that a model is significantly better than.

    Args:
        wins: (models, models), whether the model of the row is better than that of the column.
    """
    values = wins.sum(1).astype(np.float64)
    return values, rank(values, higher_is_better=True)


def mean(cases: Floats) -> Floats:
    """Mean over the first axis of what is there."""
    return mean_of_present(cases, 0)


def median(cases: Floats) -> Floats:
    """Median over the first axis of what is there; NaN for nothing."""
    result = np.full(cases.shape[1:], np.nan)
    some = np.isfinite(cases).any(0)
    result[some] = np.nanmedian(np.where(np.isfinite(cases), cases, np.nan)[:, some], axis=0)
    return result


def kendall_tau(one: Floats, other: Floats) -> Floats:
    """Kendall's tau-b of rankings along the last axis (Kendall, Biometrika 1945), corrected for ties.

    Args:
        one, other: ranks (..., models).

    Returns:
        -1 for opposite rankings to 1 for equal ones, (...); NaN where a ranking has all models tied.

    >>> kendall_tau(np.array([1.0, 2, 3]), np.array([1.0, 3, 2])).round(3).item()
    0.333
    """
    first, second = (np.sign(ranks[..., :, None] - ranks[..., None, :]) for ranks in (one, other))
    untied = (first**2).sum((-1, -2)) * (second**2).sum((-1, -2))
    tau: Floats = divide((first * second).sum((-1, -2)), np.sqrt(untied))
    return tau
