"""Models compared with a baseline: paired differences, and which of them are significant."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.metrics import heading
from robustbench_endo.reports.data.rows import TableRow, condition_rows
from robustbench_endo.reports.data.scores import model_columns
from robustbench_endo.reports.data.tables import PLAIN, Cell, Column, Row, Table
from robustbench_endo.reports.formatting import MISSING, joined, number, p_text, signed, signed_range
from robustbench_endo.results.comparison import SIGNIFICANT, compare
from robustbench_endo.results.schema import CLEAN, RECORDED

if TYPE_CHECKING:
    from robustbench_endo.results import Comparison, Resampling, Results


COMPARISON_NOTE = (
    "Differences: mean over subjects of model - baseline, so that each patient or sequence counts once; pooled: of all "
    "frames together. p: two-sided, sign flips of subjects; for single conditions p and interval are corrected for "
    "their number (largest statistic), for clean and means they are not. Ranks: by the mean over corruptions; possible "
    "ranks: what the significant pairs (Holm) leave open."
)


MAX_NAMED = 4
"""Models that a verdict names."""


@dataclass(frozen=True)
class MetricComparison:
    """The comparison by one metric.

    Attributes:
        metric: what is compared.
        verdict: which models the comparison can tell apart, in one sentence.
        differences: one column per model: its score - that of the baseline.
        pairs: one row per pair of models.
        ranks: one row per model.
    """

    metric: Metric
    verdict: str
    differences: Table
    pairs: Table
    ranks: Table


@dataclass(frozen=True)
class PairwiseComparison:
    """The comparison of models with one of them.

    Attributes:
        baseline: that model.
        models: the others.
        by_metric: the tables.
        statement: what the tests rest on.
        warnings: why it has to be interpreted with caution.
    """

    baseline: str
    models: tuple[str, ...]
    by_metric: tuple[MetricComparison, ...]
    statement: str
    warnings: tuple[str, ...]


def compare_models(
    results: Results, metrics: Sequence[str], resampling: Resampling, baseline: str | None = None
) -> Comparison | None:
    """Compare by the metrics with a direction; None for a single model or without such a metric."""
    directed = [name for name in metrics if results.metric(name).higher_is_better is not None]
    if len(results.methods) < 2 or not directed:
        return None
    return compare(results, directed, baseline, resampling)


def comparison_report(comparison: Comparison, results: Results) -> PairwiseComparison:
    """The tables of a comparison by its metrics."""
    metrics = [results.metric(name) for name in comparison.ranks["metric"].unique()]
    others = tuple(model for model in comparison.models if model != comparison.baseline)
    by_metric = tuple(
        MetricComparison(
            metric,
            verdict(comparison, metric),
            difference_table(comparison, metric, others),
            pair_table(comparison, metric),
            rank_table(comparison, metric),
        )
        for metric in metrics
    )
    return PairwiseComparison(comparison.baseline, others, by_metric, comparison.statement, tuple(comparison.warnings))


def verdict(comparison: Comparison, metric: Metric) -> str:
    """The best model where every pair with it is significant, else the models that cannot be distinguished from it."""
    ranks = comparison.ranks[comparison.ranks["metric"] == metric.name].dropna(subset="rank")
    first = [str(model) for model in ranks.loc[ranks["first"], "model"]]
    if len(ranks) < 2:
        return ""
    if len(first) == 1:
        others = "the other" if len(ranks) == 2 else "every other model"
        return f"{first[0]} has a better {metric.label} than {others} (all pairs, Holm, p up to {SIGNIFICANT})."
    pairs = comparison.pairs[comparison.pairs["metric"] == metric.name]
    among = pairs[pairs["model"].isin(first) & pairs["other"].isin(first)]
    if len(first) == 2 and len(among):
        return f"{_indistinct(first, metric)} ({_pair_difference(next(among.itertuples()), metric)})."
    return f"{_indistinct(first, metric)}."


def _indistinct(models: Sequence[str], metric: Metric) -> str:
    more = [f"{len(models) - MAX_NAMED} more"] if len(models) > MAX_NAMED else []
    return f"{joined([*models[:MAX_NAMED], *more])} are not distinguishable by {metric.label}"


def _pair_difference(pair: Any, metric: Metric) -> str:
    """``a - b, mean over subjects: -0.2, interval -1.9 to 1.5``: its sign may differ from that of pooled scores."""
    ends = signed_range(pair.low, pair.high, metric.unit)
    interval = f"interval {ends}" if ends else "no interval"
    return f"{pair.model} - {pair.other}, mean over subjects: {signed(pair.difference, metric.unit)}, {interval}"


def difference_table(comparison: Comparison, metric: Metric, models: Sequence[str]) -> Table:
    """Each of the models: its score - that of the baseline under each condition, as the mean over subjects."""
    records = _records(comparison, metric)
    rows = tuple(
        Row(
            row.kind,
            row.label,
            tuple(_difference(records.loc[(*row.key, model)], metric) for model in models),
            {"metric": metric.name, "category": row.key[0], "corruption": row.key[1]},
        )
        for row in _rows(comparison, metric)
    )
    caption = f"{heading(metric)}: difference from {comparison.baseline}, mean over subjects"
    return Table(f"differences-{metric.name}", caption, "Condition", model_columns(models), rows)


def detailed_difference_table(comparison: Comparison, metric: Metric, model: str) -> Table:
    """One model and the baseline under each condition: both scores, both differences, the interval, p."""
    records = _records(comparison, metric)

    def cells(record: Any) -> tuple[Cell, ...]:
        difference = _difference(record, metric)
        scores = (Cell(number(float(record[name]), metric.unit)) for name in ("value", "baseline"))
        strong = bool(difference.verdict)
        return (
            *scores,
            Cell(signed(float(record["pooled_difference"]), metric.unit)),
            replace(difference, interval="", detail="", strong=strong),
            Cell(difference.interval or MISSING, strong=strong),
            Cell(p_text(float(record["p_adjusted"]))),
        )

    rows = tuple(Row(row.kind, row.label, cells(records.loc[(*row.key, model)])) for row in _rows(comparison, metric))
    names = ("model", "baseline", "pooled", "difference", "interval", "p")
    caption = f"{heading(metric)}: {model} compared with {comparison.baseline}"
    return Table(f"difference-{metric.name}", caption, "Condition", tuple(map(Column, names)), rows)


def pair_table(comparison: Comparison, metric: Metric) -> Table:
    """Every pair of models by the mean over corruptions, corrected for the number of pairs."""
    pairs = comparison.pairs[comparison.pairs["metric"] == metric.name]
    rows = tuple(
        Row(
            PLAIN,
            f"{pair.model} - {pair.other}",
            (
                Cell(signed(pair.pooled_difference, metric.unit), pair.pooled_difference),
                Cell(signed(pair.difference, metric.unit), pair.difference),
                Cell(signed_range(pair.low, pair.high, metric.unit) or MISSING),
                Cell(p_text(pair.p_holm)),
            ),
        )
        for pair in pairs.itertuples()
    )
    names = ("Difference, pooled", "Difference, per subject", "Interval", "p (Holm)")
    caption = f"{heading(metric)}: every pair, mean of all corruptions"
    return Table(f"pairs-{metric.name}", caption, "Pair", tuple(map(Column, names)), rows)


def rank_table(comparison: Comparison, metric: Metric) -> Table:
    """The rank of each model, the ranks that the significant pairs leave open, and whether it can be the best."""
    ranks = comparison.ranks[comparison.ranks["metric"] == metric.name]
    rows = tuple(
        Row(
            PLAIN,
            str(rank.model),
            (
                Cell(number(rank.rank), rank.rank),
                Cell(rank_range(rank.low, rank.high)),
                Cell(MISSING if pd.isna(rank.rank) else "yes" if rank.first else "no", float(rank.first)),
            ),
        )
        for rank in ranks.itertuples()
    )
    columns = tuple(Column(name) for name in ("Rank by the mean (1 = best)", "Possible ranks", "Can be the best"))
    return Table(f"ranks-{metric.name}", f"{heading(metric)}: ranks", "Model", columns, rows)


def rank_range(low: float, high: float) -> str:
    """``1``, or ``1 to 3``; a dash for a model without a rank."""
    if pd.isna(low):
        return MISSING
    return f"{low:.0f}" if low == high else f"{low:.0f} to {high:.0f}"


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
    p = float(record["p_adjusted"])
    verdict: Literal["", "better", "worse"] = ""
    if p <= SIGNIFICANT:
        verdict = "better" if (value > 0) == metric.higher_is_better else "worse"
    text = p_text(p)
    pooled = f"pooled {signed(float(record['pooled_difference']), metric.unit)}"
    test = "" if math.isnan(p) else f"p {text}, " if text.startswith("<") else f"p = {text}, "
    detail = f"{test}{pooled}"
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
