"""The rankings of the models of a run by one metric."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.results.combine import common_frames
from robustbench_endo.results.comparison import SIGNIFICANT, Comparison, compare
from robustbench_endo.results.estimates import ScoreArray, ScoreEstimator, ScoreResult
from robustbench_endo.results.rankings.bootstrap import BOOTSTRAPS, bootstrap_scores, check_draws, draw_counts
from robustbench_endo.results.rankings.pair_p_values import holm_of_pairs, sign_flip_p, wilcoxon_p
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
from robustbench_endo.results.rankings.rankings_text import rankings_html, rankings_text
from robustbench_endo.results.resampling import FEW_SUBJECTS, Resampling, smallest_p
from robustbench_endo.results.table import row_formulas

if TYPE_CHECKING:
    from robustbench_endo.results.results import Results

PairTest = Literal["sign_flips", "wilcoxon"]

Formula = Callable[[ScoreArray], Floats]


@dataclass(frozen=True)
class Rankings:
    """How the models of a run rank by one metric, and how much that depends on subjects, corruptions and method.

    Attributes:
        metric: its name.
        models: all models (methods, where several training seeds are one), the best by the mean first.
        ranks: one row per model, one column per method of ``METHODS``; 1 is best, equal models share the smallest
            of their ranks, a model without a score is last.
        values: what each method ranks by, rows and columns as ``ranks``.
        distribution: share of the draws of subjects, 0 to 1, in which a model (rows) has a rank (columns 1 to number
            of models) by the mean of corruptions; NaN with a single subject.
        rank_intervals: one row per model: ``rank``, ``median``, and ``low, high``, between which the confidence level
            of the draws is.
        pairs: one row per ordered pair: ``model, other, p, p_holm`` of the test that the model is better than the
            other, one-sided, and ``better``: whether ``p_holm`` is at most 0.05.
        methods: Kendall's tau-b between the rankings of any two methods, rows and columns as those of ``ranks``.
        groups: one row per pair of categories of corruptions: ``group, other, tau, low, high``; the interval is from
            the same draws.
        statement: what the draws and tests rest on, in one sentence.
        warnings: why they have to be interpreted with caution.
    """

    metric: str
    models: list[str]
    ranks: pd.DataFrame
    values: pd.DataFrame
    distribution: pd.DataFrame
    rank_intervals: pd.DataFrame
    pairs: pd.DataFrame
    methods: pd.DataFrame
    groups: pd.DataFrame
    statement: str
    warnings: list[str]

    __repr__ = rankings_text
    _repr_html_ = rankings_html


def rank_models(
    results: Results,
    metric: str | None = None,
    resampling: Resampling | None = None,
    draws: int = BOOTSTRAPS,
    test: PairTest = "sign_flips",
    comparison: Comparison | None = None,
) -> Rankings:
    """Rank the models of a run by a metric: by several methods, and for many draws of its subjects.

    Frames for which a model gave no valid prediction are left out for all models, as in :func:`compare`.

    Args:
        results: the run, or several combined ones.
        metric: a metric with a direction; None for the leading one.
        resampling: unit, confidence level and seed; None for the defaults.
        draws: of subjects, with replacement, 100 to 100,000.
        test: of the pairs: ``sign_flips``, as the comparison of models, or ``wilcoxon``, the signed-rank test.
        comparison: of these models by this metric with these settings, where there is one already.

    Returns:
        The rankings; their tables are data frames.

    Raises:
        RobustEndoError: fewer than two models, a metric that the run lacks or that has no direction, or a setting
            outside its range.

    Sources: Maier-Hein et al., Nature Communications 2018; Wiesenfarth et al., Scientific Reports 2021.
    """
    settings = Resampling() if resampling is None else resampling
    name = results.headlines[-1] if metric is None else metric
    _check(results, name, settings, draws, test)
    common, _ = common_frames(results)
    estimator = common.estimator(settings)
    ((_, scores),) = estimator.results([name])
    group = _Ranker(results, estimator, name, scores, bool(results.metric(name).higher_is_better))
    wilcoxon = test == "wilcoxon" and settings.unit == "subject"
    if comparison is None and not wilcoxon:
        comparison = compare(results, [name], None, settings)
    warnings = [*_warnings(estimator), *_no_pair(estimator, len(results.methods))]
    return group.rankings(_p_values(group, None if wilcoxon else comparison), settings, draws, warnings)


def _check(results: Results, name: str, settings: Resampling, draws: int, test: str) -> None:
    if not isinstance(settings, Resampling):
        raise RobustEndoError(
            f"Expected resampling to be a Resampling, got {settings!r}: write Resampling(confidence=0.9)."
        )
    check_draws(draws)
    if test not in ("sign_flips", "wilcoxon"):
        raise RobustEndoError(f"Expected sign_flips or wilcoxon as the test of pairs, got {test!r}: name one of them.")
    if len(results.methods) < 2:
        raise RobustEndoError(
            f"Expected at least two models to rank, got only {next(iter(results.methods))}: combine it with another "
            "run, rb.combine_runs([one, other])."
        )
    if results.metric(name).higher_is_better is None:
        raise RobustEndoError(
            f"Expected a metric with a direction, got {name!r}, for which neither high nor low is better: choose "
            "another, or declare higher_is_better in its class."
        )


def _p_values(ranker: _Ranker, comparison: Comparison | None) -> Floats:
    if comparison is None:
        return wilcoxon_p(ranker.cases, ranker.higher)
    pairs = comparison.pairs[comparison.pairs["metric"] == ranker.metric]
    return sign_flip_p(pairs, ranker.names, ranker.higher)


def _warnings(estimator: ScoreEstimator) -> list[str]:
    units = estimator.units
    warnings = [units.warning] if units.warning else []
    if units.kind == "subject" and 1 < units.number < FEW_SUBJECTS:
        warnings.append(f"Draws of {units.number} subjects repeat few combinations: shares are coarse.")
    return warnings


def _no_pair(estimator: ScoreEstimator, models: int) -> list[str]:
    """Where even the smallest p-value that so many subjects can give is not significant after the correction."""
    pairs, smallest = models * (models - 1), smallest_p(estimator.units.number) / 2
    if estimator.units.kind != "subject" or not smallest * pairs > SIGNIFICANT:
        return []
    return [
        f"No pair can be significant by sign flips: {pairs} one-sided pairs of {models} models, corrected, need more "
        f"than {estimator.units.number} subjects."
    ]


class _Ranker:
    """The scores of every model by one metric, as the methods need them."""

    def __init__(
        self, results: Results, estimator: ScoreEstimator, metric: str, scores: ScoreResult, higher: bool
    ) -> None:
        self.estimator, self.metric, self.higher = estimator, metric, higher
        self.names = list(results.methods)
        self._positions = [[results.models.index(model) for model in models] for models in results.methods.values()]
        formulas = row_formulas(results.corruption_categories)
        summary = ("mean", "all") if results.corruptions else ("clean", "clean")
        self.summary = formulas[summary]
        self.groups = {key[1]: formulas[key] for key in formulas if key[0] == "mean" and key[1] != "all"}
        conditions: list[Formula] = [formulas[key] for key in formulas if key[1] in results.corruptions]
        self._conditions = conditions or [self.summary]
        assert scores.by_subject is not None
        self.point, self.cases = scores.point, self.of_models(self.summary(scores.by_subject))

    def of_models(self, values: Floats) -> Floats:
        """(n, models of the run) -> (n, methods): the mean over training seeds."""
        return np.stack([values[:, models].mean(1) for models in self._positions], axis=1)

    def rankings(self, p: Floats, settings: Resampling, draws: int, warnings: list[str]) -> Rankings:
        """All tables."""
        p_holm = holm_of_pairs(p)
        wins = np.nan_to_num(p_holm, nan=1.0) <= SIGNIFICANT
        by_method = self._by_method(wins)
        order = np.argsort(by_method["mean"][1], kind="stable")
        names = [self.names[index] for index in order]
        index = pd.Index(names, name="model")
        values, ranks = (
            pd.DataFrame({method: each[part][order] for method, each in by_method.items()}, index=index)
            for part in range(2)
        )
        sampled = self._sampled(settings, draws)
        distribution, intervals = self._distribution(sampled, by_method["mean"][1], settings.confidence)
        return Rankings(
            self.metric,
            names,
            ranks.astype(int),
            values,
            distribution.iloc[order].set_axis(index),
            intervals.iloc[order].set_axis(index),
            _pair_table(self.names, p, p_holm, wins),
            _method_agreement(ranks),
            self._group_agreement(sampled, settings.confidence),
            self._statement(draws, settings),
            warnings,
        )

    def _by_method(self, wins: NDArray[np.bool_]) -> dict[str, tuple[Floats, Floats]]:
        pooled = self.of_models(self.summary(self.point))
        corruptions = np.concatenate([self.of_models(formula(self.point)) for formula in self._conditions])
        return {
            "mean": aggregate_then_rank(pooled, mean, self.higher),
            "worst_case": aggregate_then_rank(corruptions, _worst(higher=self.higher), self.higher),
            "corruption_ranks": rank_then_aggregate(corruptions, mean, self.higher),
            "aggregate_mean": aggregate_then_rank(self.cases, mean, self.higher),
            "aggregate_median": aggregate_then_rank(self.cases, median, self.higher),
            "rank_mean": rank_then_aggregate(self.cases, mean, self.higher),
            "rank_median": rank_then_aggregate(self.cases, median, self.higher),
            "test": rank_by_wins(wins),
        }

    def _sampled(self, settings: Resampling, draws: int) -> ScoreArray | None:
        """The scores of each draw; None where there is a single unit to draw from."""
        units = self.estimator.units.number
        if units < 2:
            return None
        return bootstrap_scores(self.estimator, self.metric, draw_counts(units, draws, settings.seed))

    def _distribution(
        self, sampled: ScoreArray | None, ranks: Floats, confidence: float
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        number = len(self.names)
        possible = np.arange(1, number + 1)
        shares = np.full((number, number), np.nan)
        ends = np.full((3, number), np.nan)
        if sampled is not None:
            each = rank(self.of_models(self.summary(sampled)), self.higher)
            shares = (each[:, :, None] == possible).mean(0)
            tail = (1 - confidence) / 2
            ends = np.quantile(each, [0.5, tail, 1 - tail], axis=0, method="inverted_cdf")
        intervals = pd.DataFrame({"rank": ranks.astype(int), "median": ends[0], "low": ends[1], "high": ends[2]})
        return pd.DataFrame(shares, columns=pd.Index(possible, name="rank")), intervals

    def _group_agreement(self, sampled: ScoreArray | None, confidence: float) -> pd.DataFrame:
        tail = (1 - confidence) / 2
        ranks = {name: self._ranks(formula, self.point) for name, formula in self.groups.items()}
        each = (
            {name: self._ranks(formula, sampled) for name, formula in self.groups.items()}
            if sampled is not None
            else {}
        )
        rows = []
        for one, other in combinations(self.groups, 2):
            low = high = np.nan
            if each:
                taus = kendall_tau(each[one], each[other])
                if np.isfinite(taus).any():
                    low, high = np.nanquantile(taus, [tail, 1 - tail], method="inverted_cdf")
            rows.append((one, other, kendall_tau(ranks[one], ranks[other]).item(), float(low), float(high)))
        return pd.DataFrame(rows, columns=["group", "other", "tau", "low", "high"])

    def _ranks(self, formula: Formula, scores: ScoreArray) -> Floats:
        return rank(self.of_models(formula(scores)), self.higher)

    def _statement(self, draws: int, settings: Resampling) -> str:
        units = self.estimator.units
        plural = f"{units.kind}s (patients or sequences)" if units.kind == "subject" else "frames"
        if units.number < 2:
            return f"No draws and no tests: the run has 1 {units.kind}."
        return (
            f"{draws:,} draws of {units.number} {plural} with replacement, {settings.confidence * 100:g} % intervals; "
            "pairs one-sided, Holm."
        )


def _worst(*, higher: bool) -> Callable[[Floats], Floats]:
    """The worst of the corruptions; NaN for a model that lacks one."""
    return lambda values: values.min(0) if higher else values.max(0)


def _pair_table(names: Sequence[str], p: Floats, p_holm: Floats, wins: NDArray[np.bool_]) -> pd.DataFrame:
    rows = [
        (one, other, p[i, j], p_holm[i, j], bool(wins[i, j]))
        for i, one in enumerate(names)
        for j, other in enumerate(names)
        if i != j
    ]
    return pd.DataFrame(rows, columns=["model", "other", "p", "p_holm", "better"])


def _method_agreement(ranks: pd.DataFrame) -> pd.DataFrame:
    values = ranks.to_numpy(np.float64).T
    names = pd.Index(list(METHODS), name="method")
    return pd.DataFrame(kendall_tau(values[:, None], values[None]), index=names, columns=names.rename("other"))
