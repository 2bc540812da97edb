"""Whether a synthetic condition ranks models as the recorded one does: Spearman's correlation of their scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from scipy.stats import rankdata

from robustbench_endo.errors import RunError
from robustbench_endo.metrics.aggregation import Floats, mean_of_present
from robustbench_endo.results.estimates import ScoreArray
from robustbench_endo.results.results import Results
from robustbench_endo.results.schema import CLEAN

MODELS = 6
"""Fewest models: the rank correlation of 5 is significant at 5 % only if both orders are equal."""

MAX_EXACT = 8
"""Models up to which all orders are enumerated (40,320); more are tested on as many random orders."""

COUNTERPARTS: Mapping[str, str] = {
    "recorded_smoke": "smoke",
    "recorded_blood": "bleeding",
    "recorded_bleeding": "bleeding",
    "recorded_low_light": "low_light",
}
"""Recorded condition -> corruption."""


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rank correlation over models.

    Attributes:
        metric: name of the metric.
        recorded: the recorded condition.
        synthetic: the corruption, mean over its severities, or ``clean`` for comparison: a corruption that predicts the
            order no better than clean frames do adds nothing.
        models: number of models.
        subjects: number of subjects with the recorded condition.
        value: the correlation.
        low: lower limit of the 95 % interval, from a bootstrap over subjects; nan with one subject.
        high: upper limit.
        p: share of the orders of the models whose correlation is at least as far from 0, of the permutation test; nan
            where the correlation is not defined.
    """

    metric: str
    recorded: str
    synthetic: str
    models: int
    subjects: int
    value: float
    low: float
    high: float
    p: float


def rank_correlations(
    results: Results, draws: int = 1000, synthetic_results: Results | None = None
) -> list[RankCorrelation]:
    """The correlations of a run, for the headline metric of each task; each subject counts once.

    Args:
        results: with recorded conditions.
        draws: number of resamples of the intervals.
        synthetic_results: run with the corruptions, on other frames; by default ``results``. Models are matched by
            name; subjects are resampled in each run independently.

    Raises:
        RunError: fewer than 6 models, no recorded condition, none whose corruption was evaluated, or no metric in both.
    """
    other = results if synthetic_results is None else synthetic_results
    pairs = _condition_pairs(results, other)
    models = [model for model in results.models if model in other.models]
    check_models(len(models))
    columns = [[run.models.index(model) for model in models] for run in (results, other)]
    metrics = [metric for metric in results.headlines if metric in other.headlines]
    if not metrics:
        raise RunError(
            f"Expected a metric that both runs have, got {', '.join(results.headlines)} and "
            f"{', '.join(other.headlines)}: evaluate the same task."
        )
    recorded_scores = results.estimator().subject_scores(metrics)
    synthetic_scores = recorded_scores if other is results else other.estimator().subject_scores(metrics)
    rows = []
    for metric in metrics:
        scores, partners = recorded_scores[metric], synthetic_scores[metric]
        for recorded, synthetic in pairs:
            first = scores.recorded[:, columns[0], results.recorded_conditions.index(recorded)]
            for name, second in ((synthetic, _corrupted(other, partners, synthetic)), (CLEAN, partners.clean)):
                ends = correlate(first, second[:, columns[1]], draws, paired=other is results)
                rows.append(RankCorrelation(metric, recorded, name, len(models), len(first), *ends))
    return rows


def check_models(count: int) -> None:
    """Raise :class:`RunError` for too few models."""
    if count < MODELS:
        raise RunError(
            f"Expected at least {MODELS} models for a rank correlation, got {count}: evaluate more models on the same "
            "data, or merge runs with robust-endo merge."
        )


def _condition_pairs(results: Results, other: Results) -> list[tuple[str, str]]:
    if not results.recorded_conditions:
        raise RunError(
            "Expected a run with recorded conditions, got none: evaluate models with --corruption all on data that has "
            "them, such as segstrong-c."
        )
    pairs = [(name, COUNTERPARTS[name]) for name in results.recorded_conditions if name in COUNTERPARTS]
    if not pairs:
        raise RunError(
            f"Expected a recorded condition with a counterpart ({', '.join(COUNTERPARTS)}), got "
            f"{', '.join(results.recorded_conditions)}: no corruption imitates it."
        )
    present = [(recorded, synthetic) for recorded, synthetic in pairs if synthetic in other.corruptions]
    if not present:
        raise RunError(
            f"Expected the corruption {' or '.join(dict.fromkeys(name for _, name in pairs))} in a run with "
            f"{', '.join(results.recorded_conditions)}, got none: evaluate it, too."
        )
    return present


def _corrupted(results: Results, scores: ScoreArray, name: str) -> Floats:
    return scores.mean_over_severities()[:, :, results.corruptions.index(name)]


def correlate(first: Floats, second: Floats, draws: int, paired: bool) -> tuple[float, float, float, float]:
    """Correlation of the mean scores of models, its limits and its p-value.

    Args:
        first, second: scores (subjects, models); the number of subjects may differ.
        draws: number of resamples of the limits.
        paired: the subjects of both are the same, and are resampled together.
    """
    value = float(spearman(mean_of_present(first, 0), mean_of_present(second, 0)))
    p = permutation_p(mean_of_present(first, 0), mean_of_present(second, 0))
    if min(len(first), len(second)) < 2:
        return value, float("nan"), float("nan"), p
    random = np.random.default_rng(0)
    picks = random.integers(len(first), size=(draws, len(first)))
    others = picks if paired else random.integers(len(second), size=(draws, len(second)))
    samples = spearman(mean_of_present(first[picks], 1), mean_of_present(second[others], 1))
    low, high = np.nanpercentile(samples, (2.5, 97.5)) if np.isfinite(samples).any() else (np.nan, np.nan)
    return value, float(low), float(high), p


def permutation_p(first: Sequence[float] | Floats, second: Sequence[float] | Floats) -> float:
    """Two-sided p-value of the rank correlation of two score lists, exact for up to 8 models.

    >>> permutation_p([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 6, 5]) * math.factorial(6)
    12.0
    """
    x, y = np.asarray(first, np.float64), np.asarray(second, np.float64)
    value = float(spearman(x, y))
    if math.isnan(value):
        return value
    if len(x) <= MAX_EXACT:
        orders = y[np.array(list(permutations(range(len(y)))))]
    else:
        orders = np.random.default_rng(0).permuted(np.tile(y, (math.factorial(MAX_EXACT), 1)), axis=1)
    extreme = np.abs(spearman(np.broadcast_to(x, orders.shape), orders)) >= abs(value) - 1e-9
    return float(extreme.mean() if len(x) <= MAX_EXACT else (extreme.sum() + 1) / (len(extreme) + 1))


def spearman(first: Floats, second: Floats) -> Floats:
    """Rank correlation over the last axis; nan where a score is missing or all are equal.

    >>> float(spearman(np.array([1.0, 2.0, 3.0]), np.array([5.0, 9.0, 7.0])))
    0.5
    """
    x, y = (rankdata(values, axis=-1, nan_policy="propagate") for values in (first, second))
    x, y = (ranks - ranks.mean(-1, keepdims=True) for ranks in (x, y))
    scale = np.sqrt((x * x).sum(-1) * (y * y).sum(-1))
    correlation: Floats = np.divide((x * y).sum(-1), scale, out=np.full(scale.shape, np.nan), where=scale > 0)
    return correlation
