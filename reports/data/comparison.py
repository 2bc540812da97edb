"""Models compared with a baseline: paired differences, and which of them are significant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.metrics import heading
from robustbench_endo.reports.data.rows import TableRow, condition_rows
from robustbench_endo.reports.data.scores import model_columns
from robustbench_endo.reports.data.tables import PLAIN, Cell, Column, Row, Table
from robustbench_endo.reports.formatting import MISSING, number, number_range, p_text, signed, signed_range
from robustbench_endo.results.comparison import compare
from robustbench_endo.results.schema import CLEAN, RECORDED

if TYPE_CHECKING:
    from robustbench_endo.results import Bootstrap, Comparison, Results

SIGNIFICANT = 0.05
"""A difference is significant below this p-value, corrected where there are many."""


@dataclass(frozen=True)
class MetricComparison:
    """The comparison by one metric.

    Attributes:
        metric: what is compared.
        differences: one column per model: its score - that of the baseline.
        ranks: one row per model.
    """

    metric: Metric
    differences: Table
    ranks: Table


@dataclass(frozen=True)
class PairwiseComparison:
    """The comparison of models with one of them.

    Attributes:
        baseline: that model.
        models: the others.
        by_metric: the tables.
        statement: what was resampled.
        warnings: why it has to be interpreted with caution.
    """

    baseline: str
    models: tuple[str, ...]
    by_metric: tuple[MetricComparison, ...]
    statement: str
    warnings: tuple[str, ...]


def pairwise_comparison(
    results: Results, metrics: Sequence[str], baseline: str, bootstrap: Bootstrap
) -> PairwiseComparison | None:
    """Compare by the metrics with a direction; None for a single model or without such a metric."""
    directed = [name for name in metrics if results.metric(name).higher_is_better is not None]
    if len(results.models) < 2 or not directed:
        return None
    comparison = compare(results, directed, baseline, bootstrap)
    return comparison_report(comparison, [results.metric(name) for name in directed])


def comparison_report(comparison: Comparison, metrics: Sequence[Metric]) -> PairwiseComparison:
    """The tables of a comparison by these metrics."""
    others = tuple(model for model in comparison.models if model != comparison.baseline)
    by_metric = tuple(
        MetricComparison(
            metric,
            difference_table(comparison, metric, others),
            rank_table(comparison, metric),
        )
        for metric in metrics
    )
    return PairwiseComparison(comparison.baseline, others, by_metric, comparison.statement, tuple(comparison.warnings))


def difference_table(comparison: Comparison, metric: Metric, models: Sequence[str]) -> Table:
    """Each of the models: its score - that of the baseline under each condition."""
    records = _records(comparison, metric)
    rows = tuple(
        Row(row.kind, row.label, tuple(_difference(records.loc[(*row.key, model)], metric) for model in models))
        for row in _rows(comparison, metric)
    )
    caption = f"{heading(metric)}: difference from {comparison.baseline}"
    return Table(f"differences-{metric.name}", caption, "Condition", model_columns(models), rows)


def detailed_difference_table(comparison: Comparison, metric: Metric, model: str) -> Table:
    """One model and the baseline under each condition: both scores, their difference, its interval, p."""
    records = _records(comparison, metric)

    def cells(record: Any) -> tuple[Cell, ...]:
        difference = _difference(record, metric)
        scores = (Cell(number(float(record[name]), metric.unit)) for name in ("value", "baseline"))
        strong = bool(difference.verdict)
        return (
            *scores,
            replace(difference, interval="", detail="", strong=strong),
            Cell(difference.interval or MISSING, strong=strong),
            Cell(p_text(_p(record))),
        )

    rows = tuple(Row(row.kind, row.label, cells(records.loc[(*row.key, model)])) for row in _rows(comparison, metric))
    columns = tuple(Column(name) for name in ("model", "baseline", "difference", "interval", "p"))
    caption = f"{heading(metric)}: {model} compared with {comparison.baseline}"
    return Table(f"difference-{metric.name}", caption, "Condition", columns, rows)


def rank_table(comparison: Comparison, metric: Metric) -> Table:
    """The mean rank of each model with its interval, and how often it is first."""
    ranks = comparison.ranks[comparison.ranks["metric"] == metric.name]
    rows = tuple(
        Row(
            PLAIN,
            str(rank.model),
            (
                Cell(number(rank.rank), rank.rank),
                Cell(number_range(rank.low, rank.high) or MISSING),
                Cell(number(None if pd.isna(rank.first) else 100 * rank.first, "dB"), rank.first),
            ),
        )
        for rank in ranks.itertuples()
    )
    columns = tuple(Column(name) for name in ("Mean rank (1 = best)", "Interval", "First (% of resamples)"))
    return Table(f"ranks-{metric.name}", f"{heading(metric)}: ranks", "Model", columns, rows)


def _records(comparison: Comparison, metric: Metric) -> pd.DataFrame:
    records = comparison.differences[comparison.differences["metric"] == metric.name]
    return records.set_index(["category", "corruption", "model"], drop=False).sort_index()


def _rows(comparison: Comparison, metric: Metric) -> list[TableRow]:
    """The rows in reading order, by the keys of the comparison."""
    records = comparison.differences[comparison.differences["metric"] == metric.name]
    keys = list(dict.fromkeys(zip(records["category"], records["corruption"], strict=True)))
    categories = {name: category for category, name in keys if category not in (CLEAN, "mean", RECORDED)}
    recorded = [name for category, name in keys if category == RECORDED]
    return [row for row in condition_rows(categories, recorded) if row.key in keys]


def _difference(record: Any, metric: Metric) -> Cell:
    value, low, high = (float(record[name]) for name in ("difference", "low", "high"))
    p = _p(record)
    verdict: Literal["", "better", "worse"] = ""
    if p < SIGNIFICANT:
        verdict = "better" if (value > 0) == metric.higher_is_better else "worse"
    text = p_text(p)
    detail = f"p {text}" if text.startswith("<") else f"p = {text}"
    return Cell(
        signed(value, metric.unit),
        value,
        low,
        high,
        signed_range(low, high, metric.unit),
        detail=detail,
        strong=bool(verdict),
        verdict=verdict,
    )


def _p(record: Any) -> float:
    """Corrected for their number for single conditions, plain for clean and for means."""
    return float(record["p"] if record["category"] in (CLEAN, "mean") else record["p_holm"])
