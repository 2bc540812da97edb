"""The table of scores, shaped like Table VII of the paper, and the tables that follow from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.estimates import mean_table
from robustbench_endo.reports.data.floors import with_floors
from robustbench_endo.reports.data.metrics import heading
from robustbench_endo.reports.data.rows import TableRow, table_rows, trained_on
from robustbench_endo.reports.data.sample import describe_sample
from robustbench_endo.reports.data.tables import CLEAN_ROW, MEAN_ROW, PLAIN, Cell, Column, Row, RowKind, Table
from robustbench_endo.reports.formatting import MISSING, number, number_range
from robustbench_endo.results.estimates import PARTS

if TYPE_CHECKING:
    from robustbench_endo.reports.data.estimates import ReportEstimates
    from robustbench_endo.results import Resampling, Results

PUBLISHED = "Published numbers are those of the paper."
"""Source of published numbers that do not name theirs."""

MIN_HEAT_SPAN = 10.0
"""Percentage points between the best and the worst number of a metric, at least, for the full range of heat: models
that differ by a point or two must not look far apart."""


def score_table(
    results: Results,
    metrics: Sequence[str],
    intervals: bool | Resampling = False,
    estimates: ReportEstimates | None = None,
    published: pd.DataFrame | None = None,
) -> Table:
    """Some metrics of all models under all conditions.

    Args:
        results: the run.
        metrics: their names.
        intervals: whether, and how, intervals are printed with the numbers.
        estimates: the numbers with their intervals, where they are known already.
        published: published numbers, shaped as :meth:`Results.table`; ``.attrs["source"]`` says whose they are.
    """
    frame = mean_table(results, metrics, intervals) if estimates is None else estimates.table
    rows = table_rows(results)
    declared = [results.metric(name) for name in metrics]
    table = condition_table(frame, declared, rows, results.models, show_intervals=bool(intervals))
    trained = trained_on(results)
    marked = tuple(
        replace(
            row,
            cells=tuple(
                _marked(cell, column, condition, trained, published)
                for cell, column in zip(row.cells, table.columns, strict=True)
            ),
        )
        for row, condition in zip(table.rows, rows, strict=True)
    )
    source = ""
    floored = with_floors(replace(table, rows=marked), results, rows)
    if published is not None and any(cell.published for row in marked for cell in row.cells):
        source = str(published.attrs.get("source", PUBLISHED))
    statement, warning = frame.attrs.get("intervals", ""), frame.attrs.get("warning", "")
    if estimates is not None:
        statement, warning = estimates.statement, estimates.warning
    if not intervals:
        statement = warning = ""
    caption = " and ".join(heading(metric) for metric in declared)
    return replace(
        floored,
        caption=f"{caption} under corruption, {describe_sample(results)}: the number of a corruption is the mean over "
        "its severities",
        statement=statement,
        warning=warning,
        source=source,
    )


def condition_table(
    frame: pd.DataFrame,
    metrics: Sequence[Metric],
    rows: Sequence[TableRow],
    models: Sequence[str],
    *,
    show_intervals: bool = False,
) -> Table:
    """A frame shaped as :meth:`Results.table` as the table named ``scores``, with heat and the best of each row.

    Args:
        frame: columns (metric, model), or (metric, model, part) with intervals.
        metrics: of the columns, in order.
        rows: in order; those that the frame lacks are left out.
        models: of the columns, in order.
        show_intervals: whether margins are printed.
    """
    has_intervals = frame.columns.nlevels == len(("metric", "model", "part"))
    columns = tuple(
        Column(model, model, metric, keys={"metric": metric.name, "model": model, "unit": metric.unit})
        for metric in metrics
        for model in models
    )
    values = frame.xs(PARTS[0], level="part", axis=1) if has_intervals else frame
    ranges = {metric.name: _range(values[metric.name]) for metric in metrics}

    parts = {
        (metric.name, model): frame[
            [(metric.name, model, part) for part in PARTS] if has_intervals else [(metric.name, model)]
        ].to_numpy(float)
        for metric in metrics
        for model in models
    }
    position = {key: index for index, key in enumerate(frame.index)}

    def row_cells(key: tuple[str, str]) -> tuple[Cell, ...]:
        numbers = {column: values_of[position[key]].tolist() for column, values_of in parts.items()}
        best = {
            metric.name: _best(np.array([numbers[metric.name, model][0] for model in models]), metric)
            for metric in metrics
        }
        cells = []
        for metric, model in ((column.metric, column.model) for column in columns):
            assert metric is not None
            assert model is not None
            value, low, high = (*numbers[metric.name, model], math.nan, math.nan)[:3]
            cell = number_cell(value, low, high, metric.unit, show_interval=show_intervals)
            heat = _heat(value, metric, *ranges[metric.name])
            cells.append(replace(cell, heat=heat, strong=cell.text == best[metric.name]))
        return tuple(cells)

    built = tuple(
        Row(row.kind, row.label, row_cells(row.key), {"category": row.key[0], "corruption": row.key[1]})
        for row in rows
        if row.key in frame.index
    )
    return Table("scores", "", "Corruption", columns, built, show_intervals)


def number_cell(value: float, low: float, high: float, unit: str, *, show_interval: bool = False) -> Cell:
    """A number with its interval, if it has one."""
    margin = ""
    if show_interval and math.isfinite(low + high):
        margin = f"±{number((high - low) / 2, unit)}"
    return Cell(number(value, unit), value, low, high, number_range(low, high, unit), margin)


def change_table(table: Table, name: str, caption: str, metrics: Sequence[str]) -> Table:
    """One row per metric: clean frames → mean of all corruptions, of each model.

    Args:
        table: the table of scores.
        name, caption: of the new table.
        metrics: names of its rows.
    """
    clean, mean = (_cells_of_kind(table, kind) for kind in (CLEAN_ROW, MEAN_ROW))
    rows = []
    for metric in table.metrics:
        if metric.name not in metrics:
            continue
        indices = [index for index, column in enumerate(table.columns) if column.metric is metric]
        cells = tuple(change_cell(clean[i].text, mean[i].text) for i in indices)
        keys = {"metric": metric.name, "category": "mean", "corruption": "all"}
        rows.append(Row(PLAIN, heading(metric), cells, keys))
    return Table(name, caption, "Metric", model_columns(table.models), tuple(rows))


def change_cell(clean: str, corrupted: str) -> Cell:
    """``76.10 → 56.12``."""
    return Cell(f"{clean} → {corrupted}")


def model_columns(models: Sequence[str]) -> tuple[Column, ...]:
    """One column per model."""
    return tuple(Column(model, model, keys={"model": model}) for model in models)


def _cells_of_kind(table: Table, kind: RowKind) -> Sequence[Cell]:
    absent = [Cell(MISSING)] * len(table.columns)
    return next((row.cells for row in table.rows if row.kind == kind), absent)


def _marked(
    cell: Cell,
    column: Column,
    row: TableRow,
    trained: Mapping[str, frozenset[str]],
    published: pd.DataFrame | None,
) -> Cell:
    """The cell with the corruptions that its model was trained on, and the published number."""
    assert column.metric is not None
    assert column.model is not None
    overlap = row.corruptions & trained[column.model]
    remarks = []
    if overlap:
        remarks.append("trained on it" if len(row.corruptions) == 1 else "trained on a part of it")
    if not math.isfinite(cell.value):
        remarks.append("not evaluated, or not defined here")
    text = ""
    if published is not None and row.key in published.index and (column.metric.name, column.model) in published:
        value = float(published.loc[row.key, (column.metric.name, column.model)])
        text = number(value, column.metric.unit) if math.isfinite(value) else ""
    return replace(cell, trained_on=bool(overlap), remarks=tuple(remarks), published=text)


def _range(values: pd.DataFrame) -> tuple[float, float]:
    numbers = values.to_numpy(float)
    finite = numbers[np.isfinite(numbers)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _best(values: np.ndarray, metric: Metric) -> str | None:
    """The best number of a row as printed, so that equal numbers are marked alike; None for a single model."""
    finite = values[~np.isnan(values)]
    if len(values) < 2 or not finite.size or metric.higher_is_better is None:
        return None
    return number(float(finite.max() if metric.higher_is_better else finite.min()), metric.unit)


def _heat(value: float, metric: Metric, low: float, high: float) -> float | None:
    if not math.isfinite(value) or metric.higher_is_better is None:
        return None
    below_best = high - value if metric.higher_is_better else value - low
    span = max(high - low, MIN_HEAT_SPAN) if metric.unit == "%" else high - low
    return round(below_best / span, 3) if span > 0 else 0.0
