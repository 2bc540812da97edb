"""Scores of a run whose subjects are sampled again with replacement."""

from __future__ import annotations

import numpy as np

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.results.estimates import ScoreArray, ScoreEstimator, unit_sums

BOOTSTRAPS = 1000
"""Draws: a share of draws has a standard error of at most 1.6 points."""

_BLOCK = 4_000_000
"""Sums in memory at a time: 32 MB."""


def draw_counts(units: int, draws: int, seed: int) -> Floats:
    """How often each of the draws with replacement contains each unit, (draws, units)."""
    random = np.random.Generator(np.random.PCG64(seed))
    counts: Floats = random.multinomial(units, np.full(units, 1 / units), size=draws).astype(np.float64)
    return counts


def bootstrap_scores(estimator: ScoreEstimator, metric: str, counts: Floats) -> ScoreArray:
    """A metric of all frames together at each condition, for each draw of units, first axis draws.

    Frames of a unit that is sampled twice count twice, as if another patient had the same.
    """
    group = next(each for each in estimator.groups if metric in each.names)
    statistics = group.statistics(estimator.frame)
    number, codes, units = len(estimator.keys), estimator.codes, estimator.units
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(number + 1))
    values = np.empty((len(counts), number))
    block = max(1, _BLOCK // max(1, statistics.shape[1] * len(counts)))
    for start in range(0, number, block):
        size = min(block, number - start)
        rows = order[starts[start] : starts[start + size]]
        by_unit = unit_sums(statistics[rows], units.codes[rows], codes[rows] - start, units.number, size)
        sampled = np.einsum("du,kus->kds", counts, by_unit, optimize=True)
        values[:, start : start + size] = group.scores(sampled, [metric])[metric]
    return estimator.arrange(values)


def check_draws(draws: int) -> None:
    """Raise :class:`RobustEndoError` for a number of draws outside 100 to 100,000."""
    if isinstance(draws, bool) or not isinstance(draws, (int, np.integer)) or not 100 <= draws <= 100_000:
        raise RobustEndoError(
            f"Expected draws to be a whole number from 100 to 100,000, got {draws!r}: 1000 is usually enough."
        )
