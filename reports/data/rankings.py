"""Rankings of the models by the leading metric: ranks by method, and their agreement, as tables."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from robustbench_endo.errors import RunError
from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.metrics import leading_metric
from robustbench_endo.reports.data.tables import MEAN_ROW, PLAIN, Cell, Column, Row, Table
from robustbench_endo.reports.formatting import MISSING, title
from robustbench_endo.results import Resampling
from robustbench_endo.results.rankings.rank_methods import METHODS
from robustbench_endo.results.rankings.rankings import Rankings, rank_models

if TYPE_CHECKING:
    import pandas as pd

    from robustbench_endo.results import Comparison, Results

RANKINGS_NOTE = (
    "1 is the best; equal models share a rank. Blobs: area is the share of draws of subjects in which a model has a "
    "rank by the mean of corruptions, the line spans its interval. Pairs: a filled cell, the model of the row is "
    "significantly better than that of the column, by their numbers (one-sided, Holm)."
)


@dataclass(frozen=True)
class RankingReport:
    """The rankings of a report.

    Attributes:
        metric: that the models are ranked by.
        rankings: the numbers.
        ranks: one row per model, one column per method; the last row is Kendall's tau with the first column.
        groups: Kendall's tau between the categories of corruptions; None with fewer than two.
        statement: what draws and tests rest on.
        warnings: why they have to be interpreted with caution.
    """

    metric: Metric
    rankings: Rankings
    ranks: Table
    groups: Table | None
    statement: str
    warnings: tuple[str, ...]

    @property
    def tables(self) -> list[Table]:
        """All tables."""
        return [self.ranks, *([self.groups] if self.groups else [])]


def ranking_report(
    results: Results, resampling: Resampling, comparison: Comparison | None = None
) -> RankingReport | None:
    """The rankings by the leading metric; None for a single model, or a metric without scores or direction.

    Args:
        results: the run.
        resampling: settings of draws and tests.
        comparison: of its models with these settings, where there is one.
    """
    metric = leading_metric(results)
    if metric is None or metric.higher_is_better is None or len(results.methods) < 2:
        return None
    known = comparison is not None and metric.name in set(comparison.pairs["metric"])
    try:
        rankings = rank_models(results, metric.name, resampling, comparison=comparison if known else None)
    except RunError:  # no frame has a valid prediction of every model
        return None
    warnings = tuple(rankings.warnings)
    ranks, groups = rank_method_table(rankings, metric), group_table(rankings, metric)
    return RankingReport(metric, rankings, ranks, groups, rankings.statement, warnings)


def rank_rows(results: Results, intervals: bool | Resampling = False) -> pd.DataFrame | None:
    """One row per model and method: ``metric, model, method, value, rank``; None where :func:`ranking_report` is."""
    report = ranking_report(results, intervals if isinstance(intervals, Resampling) else Resampling())
    if report is None:
        return None
    values, ranks = (
        table.reset_index().melt("model", var_name="method", value_name=name)
        for table, name in ((report.rankings.values, "value"), (report.rankings.ranks, "rank"))
    )
    rows = values.assign(metric=report.metric.name, rank=ranks["rank"])
    return rows[["metric", "model", "method", "value", "rank"]]


def rank_method_table(rankings: Rankings, metric: Metric) -> Table:
    """The rank of every model by every method, and Kendall's tau of each method with the mean of corruptions."""
    rows = [
        Row(PLAIN, model, tuple(_rank(rankings, model, method) for method in METHODS), {"model": model})
        for model in rankings.models
    ]
    agreement = tuple(_tau(float(rankings.methods.loc["mean", method])) for method in METHODS)
    rows.append(Row(MEAN_ROW, "Kendall's tau with the first column", agreement, {"model": "tau"}))
    columns = tuple(Column(method.label, keys={"method": name}) for name, method in METHODS.items())
    caption = f"Ranks by {metric.label}, 1 = best; in brackets: interval over draws of subjects"
    return Table("rankings", caption, "Model", columns, tuple(rows))


def group_table(rankings: Rankings, metric: Metric) -> Table | None:
    """Kendall's tau between the rankings under each two categories, with its interval over draws."""
    pairs = {(row.group, row.other): row for row in rankings.groups.itertuples()}
    names = list(dict.fromkeys(name for pair in pairs for name in pair))
    if len(names) < 2:
        return None
    rows = []
    for one in names[1:]:
        cells = []
        for other in names[:-1]:
            row = pairs.get((other, one))
            cells.append(Cell("") if row is None else _tau(row.tau, row.low, row.high))
        rows.append(Row(PLAIN, title(one), tuple(cells), {"category": one}))
    columns = tuple(Column(title(name), keys={"other": name}) for name in names[:-1])
    caption = f"Kendall's tau between rankings by {metric.label} under two categories: 1 = the same, -1 = reversed"
    return Table("rankings-categories", caption, "Category", columns, tuple(rows))


def _rank(rankings: Rankings, model: str, method: str) -> Cell:
    rank = int(rankings.ranks.loc[model, method])
    interval = rankings.rank_intervals.loc[model]
    low, high = float(interval["low"]), float(interval["high"])
    if method != "mean" or math.isnan(low):
        return Cell(str(rank), float(rank))
    # No-break spaces: the column becomes wider instead of higher.
    interval_text = "" if low == high else f" ({low:.0f} to {high:.0f})".replace(" ", "\N{NO-BREAK SPACE}")
    return Cell(f"{rank}{interval_text}", float(rank), low, high)


def _tau(tau: float, low: float = math.nan, high: float = math.nan) -> Cell:
    if math.isnan(tau):
        return Cell(MISSING)
    detail = "" if math.isnan(low) else f"{low:.2f} to {high:.2f}".replace("-", "−")
    return Cell(f"{tau:.2f}".replace("-", "−"), tau, low, high, detail=detail)
