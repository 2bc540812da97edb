"""Differences between models on the same frames, tested by subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_endo.errors import RobustEndoError, UnknownNameError
from robustbench_endo.metrics.aggregation import Floats, divide, mean_of_present
from robustbench_endo.results.combine import adaptation_warning, combine_runs, common_frames
from robustbench_endo.results.comparison_text import comparison_html, comparison_text
from robustbench_endo.results.estimates import ScoreEstimator, ScoreResult
from robustbench_endo.results.metrics import metric_names
from robustbench_endo.results.resampling import (
    Resampling,
    ResamplingUnits,
    holm,
    holm_levels,
    plain_interval,
    smallest_p,
)
from robustbench_endo.results.results import Results
from robustbench_endo.results.schema import CLEAN, RECORDED
from robustbench_endo.results.sign_flips import SignFlipTest, sign_flip_test
from robustbench_endo.results.table import row_formulas

SIGNIFICANT = 0.05
"""A difference is significant up to this p-value, corrected where there are many."""

Row = tuple[str, str]
"""Category and corruption of a row of the table."""


@dataclass(frozen=True)
class Comparison:
    """Models, or methods of several training seeds, compared with a baseline and with each other.

    Every test is of the differences of subjects: each patient or sequence counts once.

    Attributes:
        baseline: the model that the others are compared with.
        models: all of them, the baseline included.
        differences: one row per metric x model x table row: ``metric, model, category, corruption``; ``value``,
            ``baseline`` and ``pooled_difference`` of all frames together; ``difference``, the mean over subjects of
            value - baseline of each, with ``low, high`` and ``p_adjusted``, both corrected over the corruptions
            (simultaneous; recorded conditions among themselves) except for clean and for means; ``p`` of the row
            only; ``subjects``. An interval excludes 0 exactly where ``p_adjusted`` is at most 1 - confidence.
        pairs: one row per metric x pair of models, for the mean over corruptions (clean without corruptions):
            ``metric, model, other, pooled_difference, difference, low, high, p, p_holm`` (corrected over the pairs,
            whose level at each pair is that of ``low, high``) and ``separated``: whether the pair is significant and
            both differences have the same sign.
        ranks: one row per metric x model: ``rank`` by the mean over corruptions (1 is best), ``low, high``: the ranks
            that the significant pairs leave open, and ``first``: whether no other model is significantly better.
        statement: what the tests rest on, in one sentence.
        smallest_p: the smallest p-value that so many subjects can give; NaN without tests.
        warnings: why the comparison has to be interpreted with caution, and which frames were left out.
    """

    baseline: str
    models: list[str]
    differences: pd.DataFrame
    pairs: pd.DataFrame
    ranks: pd.DataFrame
    statement: str
    smallest_p: float
    warnings: list[str]

    __repr__ = comparison_text
    _repr_html_ = comparison_html


def compare(
    runs: Results | Sequence[Results],
    metrics: Sequence[str] | None = None,
    baseline: str | None = None,
    resampling: Resampling | None = None,
) -> Comparison:
    """Compare models of one or several runs; models that are training seeds of one method are compared as a method.

    Args:
        runs: of the same frames and protocol; a model name that occurs twice becomes ``run/model``.
        metrics: names of metrics with a direction; None for one per task.
        baseline: the model that the others are compared with; None for the first.
        resampling: settings; None for the defaults.

    Raises:
        RunError: runs that cannot be compared; the message says what differs.
        UnknownNameError: a baseline that is not a model of the runs.
        RobustEndoError: fewer than two models, or a metric that the runs lack or that has no direction.
    """
    runs = [runs] if isinstance(runs, Results) else runs
    combined = combine_runs(runs)
    metrics = metric_names(metrics, combined.headlines)
    methods = combined.methods
    baseline = next(iter(methods)) if baseline is None else baseline
    _check(combined, metrics, baseline)
    common, n_excluded = common_frames(combined)
    settings = resampling or Resampling()
    estimator = common.estimator(settings)
    tables: dict[str, tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]] = {}
    for name, scores in estimator.results(metrics):
        tests_of_metric = _MetricTests(name, _MethodScores(combined, scores), settings)
        pairs = tests_of_metric.pairs()
        ranks = tests_of_metric.ranks(pairs, higher_is_better=bool(combined.metric(name).higher_is_better))
        tables[name] = tests_of_metric.differences(baseline), pairs, ranks
    differences, pair_table, rank_table = (
        pd.concat([tables[name][part] for name in metrics], ignore_index=True) for part in range(3)
    )
    return Comparison(
        baseline,
        list(methods),
        differences,
        pair_table,
        rank_table,
        _statement(estimator.units),
        smallest_p(estimator.units.number) if settings.unit == "subject" else np.nan,
        [*filter(None, [adaptation_warning(runs)]), *_warnings(estimator, n_excluded, methods)],
    )


def _statement(units: ResamplingUnits) -> str:
    """What the tests rest on: intervals of differences are those of the tests, not those of scores."""
    return units.statement.replace("jackknife over subjects, t distribution", "sign flips and t test of differences")


def _check(combined: Results, metrics: Sequence[str], baseline: str) -> None:
    models = list(combined.methods)
    if len(models) < 2:
        raise RobustEndoError(f"Expected at least two models to compare, got only {models[0]}: give another run.")
    if baseline not in models:
        raise UnknownNameError(
            f"Expected a model of the runs to compare with, got {baseline!r}: choose from {', '.join(models)}."
        )
    if not metrics:
        raise RobustEndoError("Expected at least one metric to compare, got none: name one such as miou.")
    for name in metrics:
        if combined.metric(name).higher_is_better is None:
            raise RobustEndoError(
                f"Expected a metric with a direction, got {name!r}, for which neither high nor low is better: choose "
                "another, or declare higher_is_better in its class."
            )


def _warnings(estimator: ScoreEstimator, n_excluded: int, methods: Mapping[str, Sequence[str]]) -> list[str]:
    warnings = [estimator.units.warning] if estimator.units.warning else []
    single = [name for name, models in methods.items() if len(models) == 1]
    if len(single) < len(methods) and single:
        warnings.append(
            f"Only one training seed of {', '.join(single)}: how much others would differ is not in the intervals."
        )
    if n_excluded:
        warnings.append(
            f"{n_excluded} frame-conditions without a valid prediction of every model are excluded for all models: a "
            "model must not gain by giving no prediction."
        )
    return warnings


class _MethodScores:
    """A metric of every method in every row of the table; a method is one model, or the mean of its training seeds.

    Attributes:
        rows: of the table.
        names: of the methods.
        pooled: of all frames together, (methods, rows).
        left_out: without each subject, (n, methods, rows).
        by_subject: of each subject, (n, methods, rows).
        seed_variance: variance of a method's mean over seeds, (methods, rows); 0 for a single model.
        seeds: models of each method, (methods,).
    """

    def __init__(self, combined: Results, scores: ScoreResult) -> None:
        assert scores.left_out is not None
        assert scores.by_subject is not None
        formulas = row_formulas(combined.corruption_categories, combined.recorded_conditions)
        self.rows, self.names = list(formulas), list(combined.methods)
        self.sizes, self.confidence = scores.sizes, scores.confidence
        positions = [[combined.models.index(model) for model in models] for models in combined.methods.values()]
        pooled, left_out, by_subject = (
            np.stack([formula(part) for formula in formulas.values()], axis=2)
            for part in (scores.point, scores.left_out, scores.by_subject)
        )
        self.pooled = _mean_of_seeds(pooled, positions)[0]
        self.left_out, self.by_subject = (_mean_of_seeds(part, positions) for part in (left_out, by_subject))
        self.seeds = np.array([len(models) for models in positions])
        self.seed_variance = _variance_of_means(mean_of_present(by_subject), positions)


def _variance_of_means(means: Floats, positions: Sequence[Sequence[int]]) -> Floats:
    """Variance of the mean over the seeds of each method, (methods, rows); 0 for a single seed."""
    return np.stack(
        [
            means[models].var(0, ddof=1) / len(models) if len(models) > 1 else np.zeros(means.shape[1])
            for models in positions
        ]
    )


def _mean_of_seeds(values: Floats, positions: Sequence[Sequence[int]]) -> Floats:
    """(n, models, rows) -> (n, methods, rows); NaN where a seed is."""
    return np.stack([values[:, models].mean(axis=1) for models in positions], axis=1)


class _MetricTests:
    """The tests of one metric."""

    def __init__(self, metric: str, scores: _MethodScores, settings: Resampling) -> None:
        self.metric, self.scores, self.settings = metric, scores, settings

    def differences(self, baseline: str) -> pd.DataFrame:
        """Every other method compared with the baseline in every row."""
        base = self.scores.names.index(baseline)
        others = [index for index in range(len(self.scores.names)) if index != base]
        return pd.concat([self._against(index, base) for index in others], ignore_index=True)

    def _against(self, model: int, base: int) -> pd.DataFrame:
        scores = self.scores
        confidence = self.settings.confidence
        each = [self._test(model, base, [row], confidence) for row in range(len(scores.rows))]
        adjusted = [(test, 0) for test in each]
        for family in _corrected_rows(scores.rows):
            test = self._test(model, base, family, confidence)
            for position, row in enumerate(family):
                adjusted[row] = test, position
        pooled = scores.pooled[[model, base]]
        return pd.DataFrame(
            {
                "metric": self.metric,
                "model": scores.names[model],
                "category": [category for category, _ in scores.rows],
                "corruption": [corruption for _, corruption in scores.rows],
                "value": pooled[0],
                "baseline": pooled[1],
                "pooled_difference": pooled[0] - pooled[1],
                "difference": [float(test.mean[0]) for test in each],
                "low": [float(test.low[position]) for test, position in adjusted],
                "high": [float(test.high[position]) for test, position in adjusted],
                "p": [float(test.p[0]) for test in each],
                "p_adjusted": [float(test.p[position]) for test, position in adjusted],
                "subjects": [int(test.number[0]) for test in each],
            }
        )

    def pairs(self) -> pd.DataFrame:
        """Every pair of methods by the mean over corruptions, or clean without corruptions."""
        scores = self.scores
        rows = [scores.rows.index(_summary_row(scores.rows))]
        pairs = list(combinations(range(len(scores.names)), 2))
        tests = [self._test(*pair, rows, self.settings.confidence) for pair in pairs]
        p = np.array([float(test.p[0]) for test in tests])
        levels = holm_levels(p, 1 - self.settings.confidence)
        ends = [self._test(*pair, rows, 1 - level) for pair, level in zip(pairs, levels, strict=True)]
        difference = np.array([float(test.mean[0]) for test in tests])
        pooled = np.array([float(scores.pooled[one, rows[0]] - scores.pooled[other, rows[0]]) for one, other in pairs])
        corrected = holm(p)
        return pd.DataFrame(
            {
                "metric": self.metric,
                "model": [scores.names[one] for one, _ in pairs],
                "other": [scores.names[other] for _, other in pairs],
                "pooled_difference": pooled,
                "difference": difference,
                "low": [float(test.low[0]) for test in ends],
                "high": [float(test.high[0]) for test in ends],
                "p": p,
                "p_holm": corrected,
                "separated": (corrected <= 1 - self.settings.confidence) & (pooled * difference > 0),
            }
        )

    def ranks(self, pairs: pd.DataFrame, *, higher_is_better: bool) -> pd.DataFrame:
        """Ranks by the mean over corruptions of all frames, and the ranks that the significant pairs leave open."""
        scores = self.scores
        values = scores.pooled[:, scores.rows.index(_summary_row(scores.rows))] * (1 if higher_is_better else -1)
        better = values[:, None] < values[None, :]
        significant = _separated(pairs, scores.names)
        n_better, n_worse = (better & significant).sum(1), (better.T & significant).sum(1)
        missing = np.isnan(values)
        count = int((~missing).sum())
        ties = (values[:, None] == values[None, :]).sum(1)
        columns: dict[str, object] = {
            "metric": self.metric,
            "model": scores.names,
            "rank": np.where(missing, np.nan, 1 + better.sum(1) + (ties - 1) / 2),
            "low": np.where(missing, np.nan, 1 + n_better),
            "high": np.where(missing, np.nan, count - n_worse),
            "first": np.where(missing, False, n_better == 0),
        }
        return pd.DataFrame(columns)

    def _test(self, model: int, base: int, rows: Sequence[int], confidence: float) -> SignFlipTest:
        """The test of a family of rows; intervals without p-values where frames are the units."""
        scores = self.scores
        if self.settings.unit == "frame":
            left_out = scores.left_out[:, model][:, rows] - scores.left_out[:, base][:, rows]
            return _frame_test(scores.pooled[model, rows] - scores.pooled[base, rows], left_out, scores, confidence)
        seed_variance = scores.seed_variance[[model, base]][:, rows]
        with_seeds = bool(seed_variance.any())
        freedom = np.maximum(scores.seeds[[model, base]] - 1, 1)[:, None]
        return sign_flip_test(
            scores.by_subject[:, model][:, rows] - scores.by_subject[:, base][:, rows],
            resamples=self.settings.resamples,
            seed=self.settings.seed,
            confidence=confidence,
            further_variance=seed_variance.sum(0) if with_seeds else None,
            further_freedom=divide(seed_variance.sum(0) ** 2, (seed_variance**2 / freedom).sum(0))
            if with_seeds
            else None,
        )


def _frame_test(point: Floats, left_out: Floats, scores: _MethodScores, confidence: float) -> SignFlipTest:
    low, high = plain_interval(point, left_out, scores.sizes, confidence)
    unknown = np.full(point.shape, np.nan)
    return SignFlipTest(point, low, high, unknown, np.full(point.shape, len(left_out)), np.nan)


def _separated(pairs: pd.DataFrame, names: Sequence[str]) -> NDArray[np.bool_]:
    """Whether each pair of methods is separated, (methods, methods), symmetric."""
    flags = np.zeros((len(names), len(names)), bool)
    for pair in pairs.itertuples():
        one, other = names.index(str(pair.model)), names.index(str(pair.other))
        flags[one, other] = flags[other, one] = pair.separated
    return flags


def _corrected_rows(rows: Sequence[Row]) -> list[list[int]]:
    """Rows that are corrected together: the corruptions, and the recorded conditions."""
    corruptions = [i for i, (category, _) in enumerate(rows) if category not in ("mean", CLEAN, RECORDED)]
    recorded = [i for i, (category, _) in enumerate(rows) if category == RECORDED]
    return [family for family in (corruptions, recorded) if family]


def _summary_row(rows: Sequence[Row]) -> Row:
    return ("mean", "all") if ("mean", "all") in rows else (CLEAN, CLEAN)
