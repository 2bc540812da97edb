"""Scores of methods that were trained with several seeds: mean and standard deviation over the seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.metrics import heading
from robustbench_endo.reports.data.rows import table_rows
from robustbench_endo.reports.data.sample import describe_sample
from robustbench_endo.reports.data.tables import Cell, Column, Row, Table
from robustbench_endo.reports.formatting import MISSING, counted, number

if TYPE_CHECKING:
    from robustbench_endo.results import Results

METHODS_NOTE = (
    "Mean ± standard deviation between training seeds (n - 1): how much another training of the same method differs. "
    "It is no interval over subjects."
)


def method_tables(results: Results, metrics: Sequence[str]) -> list[Table]:
    """One table per metric with a column per method, in the order of the run.

    Args:
        results: the run.
        metrics: their names.

    Returns:
        No table for a run in which no method has several training seeds.
    """
    if not metrics or all(len(models) == 1 for models in results.methods.values()):
        return []
    scores = results.method_table(metrics)
    return [_table(results, results.metric(name), scores[name]) for name in metrics]


def _table(results: Results, metric: Metric, scores: pd.DataFrame) -> Table:
    rows = []
    for row in table_rows(results):
        if row.key in scores.index:
            values = scores.loc[[row.key]]
            cells = tuple(_cell(values[method], metric.unit) for method in results.methods)
            keys = {"metric": metric.name, "category": row.key[0], "corruption": row.key[1]}
            rows.append(Row(row.kind, row.label, cells, {**keys, "statistic": "mean_over_seeds", "unit": metric.unit}))
    columns = tuple(
        Column(method, detail=counted(len(models), "seed") if len(models) > 1 else "", keys={"method": method})
        for method, models in results.methods.items()
    )
    caption = f"{heading(metric)}: mean ± SD over training seeds ({describe_sample(results)})"
    return Table(f"seeds-{metric.name}", caption, "Corruption", columns, tuple(rows), remarks=(METHODS_NOTE,))


def _cell(values: pd.DataFrame, unit: str) -> Cell:
    mean, deviation = (float(values[part].iloc[0]) for part in ("mean", "sd"))
    spread = number(deviation, unit)
    text = number(mean, unit)
    return Cell(text if MISSING in (text, spread) else f"{text} ± {spread}", mean)
