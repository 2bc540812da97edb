"""Every number of a report with its interval, from one pass over the subjects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.reports.data.rows import table_rows
from robustbench_endo.results.estimates import Estimate, ScoreArray, ScoreResult
from robustbench_endo.results.resampling import Resampling
from robustbench_endo.results.table import severity_mean_table

if TYPE_CHECKING:
    from robustbench_endo.results import Results


@dataclass(frozen=True)
class ReportEstimates:
    """Scores with intervals, in the unit of the metric, NaN where a condition is missing.

    Attributes:
        table: rows of :func:`~robustbench_endo.reports.data.rows.table_rows`, columns (metric, model, part).
        conditions: metric -> (models, corruptions, 1 + severities), clean first.
        means: metric -> (models, 1 + severities), the mean over corruptions; NaN where one of them is missing.
        over_models: metric -> (corruptions,), the mean over severities and models; NaN where a model is missing.
        categories: metric -> (models, categories of corruptions, 1 + severities), as ``means``.
        statement: what the intervals rest on, in one sentence.
        warning: why the intervals have to be interpreted with caution; empty without a reason.
    """

    table: pd.DataFrame
    conditions: Mapping[str, Estimate]
    means: Mapping[str, Estimate]
    over_models: Mapping[str, Estimate]
    categories: Mapping[str, Estimate]
    statement: str
    warning: str

    @property
    def has_intervals(self) -> bool:
        """Whether any number has an interval: one subject has none."""
        return any(bool(np.isfinite(estimate.low).any()) for estimate in self.conditions.values())


def estimate_scores(results: Results, metrics: Sequence[str], resampling: Resampling) -> ReportEstimates:
    """Scores of the run with their intervals.

    Raises:
        RobustEndoError: a metric that the run does not have.
        RunError: a run without frames.
    """
    estimator = results.estimator(resampling)
    conditions: dict[str, Estimate] = {}
    means: dict[str, Estimate] = {}
    over_models: dict[str, Estimate] = {}
    categories: dict[str, Estimate] = {}
    members = _members(results.corruption_categories)

    def record_estimates() -> Iterator[tuple[str, ScoreResult]]:
        for name, scores in estimator.results(metrics):
            conditions[name] = scores.estimate_mean(ScoreArray.with_clean)
            means[name] = scores.estimate_mean(mean_by_severity)
            over_models[name] = scores.estimate_mean(mean_of_models)
            categories[name] = scores.estimate_mean(partial(_category_means, members=members))
            yield name, scores

    formulas = {row.key: row.formula for row in table_rows(results)}
    table = severity_mean_table(record_estimates(), metrics, results.models, formulas, intervals=True)
    units = estimator.units
    return ReportEstimates(table, conditions, means, over_models, categories, units.statement, units.warning)


def mean_table(results: Results, metrics: Sequence[str], intervals: bool | Resampling = False) -> pd.DataFrame:
    """As :meth:`Results.table`, with the rows of :func:`~robustbench_endo.reports.data.rows.table_rows`."""
    estimator = results.estimator(intervals)
    formulas = {row.key: row.formula for row in table_rows(results)}
    table = severity_mean_table(
        estimator.results(metrics), metrics, results.models, formulas, intervals=bool(intervals)
    )
    if intervals:
        table.attrs |= {"intervals": estimator.units.statement, "warning": estimator.units.warning}
    return table


def mean_of_models(scores: ScoreArray) -> Floats:
    """Mean over severities, then over models, (R, corruptions); NaN where a model is missing."""
    mean: Floats = scores.mean_over_severities().mean(axis=1)
    return mean


def mean_by_severity(scores: ScoreArray) -> Floats:
    """Mean over corruptions at each severity, (R, models, 1 + severities), NaN where one of them is missing.

    A mean over the others would not be comparable.
    """
    values = scores.with_clean()
    undefined = np.full((*values.shape[:2], values.shape[3]), np.nan)
    mean: Floats = values.mean(axis=2) if values.shape[2] else undefined
    return mean


def _members(categories: Mapping[str, str]) -> list[list[int]]:
    """The positions of the corruptions of each category, in the order of the run."""
    names = list(categories.values())
    return [[k for k, name in enumerate(names) if name == category] for category in dict.fromkeys(names)]


def _category_means(scores: ScoreArray, members: Sequence[Sequence[int]]) -> Floats:
    """Mean over the corruptions of each category at each severity, (R, models, categories, 1 + severities)."""
    values = scores.with_clean()
    means = [values[:, :, list(positions)].mean(axis=2) for positions in members]
    return np.stack(means, axis=2) if means else np.empty((*values.shape[:2], 0, values.shape[3]))
