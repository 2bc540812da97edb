"""Whether a synthetic condition ranks models as the recorded one does: Spearman's correlation of their scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from robustbench_endo.errors import RunError
from robustbench_endo.metrics.aggregation import Floats, mean_of_present
from robustbench_endo.results.estimates import ScoreArray
from robustbench_endo.results.results import Results
from robustbench_endo.results.schema import CLEAN

MODELS = 6
"""Fewest models: the rank correlation of 5 is significant at 5 % only if both orders are equal."""

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
        subjects: number of subjects.
        value: the correlation.
        low: lower limit of the 95 % interval, from a bootstrap over subjects; nan with one subject.
        high: upper limit.
    """

    metric: str
    recorded: str
    synthetic: str
    models: int
    subjects: int
    value: float
    low: float
    high: float


def rank_correlations(results: Results, draws: int = 1000) -> list[RankCorrelation]:
    """The correlations of a run, for the headline metric of each task; each subject counts once.

    Args:
        results: of at least 6 models, with recorded conditions.
        draws: number of resamples of the intervals.

    Raises:
        RunError: too few models, no recorded condition, or none whose corruption is in the run.
    """
    pairs = _condition_pairs(results)
    if len(results.models) < MODELS:
        raise RunError(
            f"Expected at least {MODELS} models for a rank correlation, got {len(results.models)}: evaluate more "
            "models on the same data, or merge runs with robust-endo merge."
        )
    rows = []
    for metric, scores in results.estimator().subject_scores(results.headlines).items():
        for recorded, synthetic in pairs:
            first = scores.recorded[:, :, results.recorded_conditions.index(recorded)]
            for name, second in ((synthetic, _corrupted(results, scores, synthetic)), (CLEAN, scores.clean)):
                ends = _bootstrap(first, second, draws)
                rows.append(RankCorrelation(metric, recorded, name, first.shape[1], len(first), *ends))
    return rows


def _condition_pairs(results: Results) -> list[tuple[str, str]]:
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
    present = [(recorded, synthetic) for recorded, synthetic in pairs if synthetic in results.corruptions]
    if not present:
        raise RunError(
            f"Expected the corruption {' or '.join(dict.fromkeys(name for _, name in pairs))} in a run with "
            f"{', '.join(results.recorded_conditions)}, got none: evaluate it, too."
        )
    return present


def _corrupted(results: Results, scores: ScoreArray, name: str) -> Floats:
    return scores.mean_over_severities()[:, :, results.corruptions.index(name)]


def _bootstrap(first: Floats, second: Floats, draws: int) -> tuple[float, float, float]:
    """Correlation and limits of scores (subjects, models)."""
    number = len(first)
    picks = np.random.default_rng(0).integers(number, size=(draws, number))
    value = float(spearman(mean_of_present(first, 0), mean_of_present(second, 0)))
    if number < 2:
        return value, float("nan"), float("nan")
    samples = spearman(mean_of_present(first[picks], 1), mean_of_present(second[picks], 1))
    low, high = np.nanpercentile(samples, (2.5, 97.5)) if np.isfinite(samples).any() else (np.nan, np.nan)
    return value, float(low), float(high)


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
