"""The models against the most robust one: paired differences, and which of them are more than chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from robustbench_endo.reports.data.metrics import metric
from robustbench_endo.reports.formatting import number, p_text, signed, title
from robustbench_endo.results.comparison import compare
from robustbench_endo.results.metric_info import MetricInfo
from robustbench_endo.results.schema import RECORDED

if TYPE_CHECKING:
    from robustbench_endo.results import Bootstrap, Comparison, Results


SIGNIFICANT = 0.05
"""A difference counts as more than chance below this p-value, corrected where there are many."""


@dataclass(frozen=True)
class Difference:
    """A model less the one that it is compared with, as printed; ``worse`` and ``better`` where it is significant."""

    text: str
    ends: str
    p: str
    verdict: str


@dataclass(frozen=True)
class ComparisonRow:
    """A row of the table of scores; ``kind`` as there."""

    kind: str
    label: str
    cells: tuple[Difference, ...]


@dataclass(frozen=True)
class ComparisonBlock:
    """One metric: the differences, and (model, mean rank, interval, share of resamples in which it is first)."""

    metric: MetricInfo
    rows: tuple[ComparisonRow, ...]
    ranks: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True)
class PairwiseComparison:
    """The comparison of a run's models with one of them.

    Attributes:
        against: that model; ``models``: the others.
        statement: what was resampled; ``warnings``: why to read with care.
    """

    against: str
    models: tuple[str, ...]
    blocks: tuple[ComparisonBlock, ...]
    statement: str
    warnings: tuple[str, ...]


def pairwise_comparison(
    results: Results, metrics: Sequence[str], against: str, bootstrap: Bootstrap
) -> PairwiseComparison | None:
    """Compare on metrics that have a direction; None for a single model or without such a metric."""
    directed = [name for name in metrics if metric(name).higher_is_better is not None]
    if len(results.models) < 2 or not directed:
        return None
    found = compare(results, directed, against, bootstrap)
    others = tuple(model for model in results.models if model != against)
    blocks = tuple(_block(found, name, others) for name in directed)
    return PairwiseComparison(against, others, blocks, found.unit, tuple(found.warnings))


def _block(found: Comparison, name: str, others: Sequence[str]) -> ComparisonBlock:
    chosen = found.differences[found.differences["metric"] == name]
    quantity = metric(name)
    rows = []
    for (category, corruption), part in chosen.groupby(["category", "corruption"], sort=False):
        by_model = part.set_index("model")
        cells = tuple(_difference(by_model.loc[model], quantity) for model in others)
        rows.append(ComparisonRow(*_named(str(category), str(corruption)), cells))
    ranks = found.ranks[found.ranks["metric"] == name]
    return ComparisonBlock(quantity, _ordered(rows, chosen), tuple(_rank(row) for row in ranks.itertuples()))


def _ordered(rows: Sequence[ComparisonRow], chosen: pd.DataFrame) -> tuple[ComparisonRow, ...]:
    """Clean, the means, then the corruptions and recorded conditions: what decides comes first."""
    return tuple(sorted(rows, key=lambda row: ("clean", "mean", "category", "corruption").index(row.kind)))


def _named(category: str, corruption: str) -> tuple[str, str]:
    if category == "clean":
        return "clean", "Clean"
    if category != "mean":
        return "corruption", title(corruption)
    if corruption == "all":
        return "mean", "Mean of all corruptions"
    return "category", "Recorded conditions" if corruption == RECORDED else title(corruption)


def _difference(row: Any, quantity: MetricInfo) -> Difference:
    p = float(row["p"] if row["category"] in ("clean", "mean") else row["p_holm"])
    text = signed(float(row["difference"]), quantity.unit)
    low, high = float(row["low"]), float(row["high"])
    ends = f"{signed(low, quantity.unit)} to {signed(high, quantity.unit)}" if math.isfinite(low + high) else ""
    if not p < SIGNIFICANT:
        return Difference(text, ends, p_text(p), "")
    better = (float(row["difference"]) > 0) == quantity.higher_is_better
    return Difference(text, ends, p_text(p), "better" if better else "worse")


def _rank(row: Any) -> tuple[str, str, str, str]:
    ends = f"{number(row.low)} to {number(row.high)}" if math.isfinite(row.low + row.high) else "–"
    return str(row.model), number(row.rank), ends, number(None if pd.isna(row.first) else 100 * row.first, "dB")
