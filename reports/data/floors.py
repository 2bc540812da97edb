"""Floors in reports: the number of a predictor that sees no image, next to every number of a model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.estimates import mean_by_severity
from robustbench_endo.reports.data.metrics import headline
from robustbench_endo.reports.data.rows import TableRow, table_rows
from robustbench_endo.reports.data.tables import FLOOR_ROW, MEAN_ROW, Cell, Column, Row, Table
from robustbench_endo.reports.formatting import MISSING, joined, number, title, with_unit
from robustbench_endo.results.schema import CLEAN

if TYPE_CHECKING:
    from robustbench_endo.results import Results

MAX_CONDITIONS = 4
"""Conditions that a warning names."""

FLOOR_OF_MEAN = "Floor of the mean"
"""Label of the row."""

Key = tuple[str, str]


@dataclass(frozen=True)
class MetricFloor:
    """The floor of a metric, in its unit.

    Attributes:
        name: of the trivial predictor, such as ``background everywhere``.
        rows: key of a row of the tables, such as ``("mean", "all")`` -> the floor of its number.
        panels: ``mean`` and each corruption -> the floor by severity, clean first.
    """

    name: str
    rows: Mapping[Key, float]
    panels: Mapping[str, Floats]

    @property
    def mean(self) -> float:
        """The floor of the mean over all corruptions; that of clean frames without corruptions."""
        return self.rows.get(("mean", "all"), self.rows[CLEAN, CLEAN])


def floor_of(results: Results, metric: str) -> MetricFloor | None:
    """The floor of a metric in every row of the tables; None for a metric without one.

    Raises:
        RobustEndoError: a metric that the run does not have.
    """
    floor = results.floor(metric)
    if floor is None:
        return None
    name, scores = floor[0], floor[1].point
    single = scores.with_clean()[0, 0]
    panels = {"mean": mean_by_severity(scores)[0, 0], **dict(zip(results.corruptions, single, strict=True))}
    return MetricFloor(name, {row.key: float(row.formula(scores)[0, 0]) for row in table_rows(results)}, panels)


def is_below(value: float, floor: float, metric: Metric) -> bool:
    """Whether a number is worse than its floor as printed; not for a metric without a direction."""
    if metric.higher_is_better is None or not math.isfinite(value + floor):
        return False
    worse = value < floor if metric.higher_is_better else value > floor
    return worse and number(value, metric.unit) != number(floor, metric.unit)


def with_floors(table: Table, results: Results, rows: Sequence[TableRow]) -> Table:
    """A table of scores with the floor of every number to look up, a row of floors, and a warning below them.

    Args:
        table: columns of metrics and models; a row for each of ``rows``.
        results: the run.
        rows: of the table, in order.
    """
    floors = {metric.name: floor_of(results, metric.name) for metric in table.metrics}
    if not any(floors.values()):
        return table
    built = [
        replace(
            row,
            cells=tuple(
                _with_floor(cell, column, condition.key, floors)
                for cell, column in zip(row.cells, table.columns, strict=True)
            ),
        )
        for row, condition in zip(table.rows, rows, strict=True)
    ]
    marked = replace(table, rows=tuple(built))
    position = next((i for i, row in enumerate(built, start=1) if row.kind == MEAN_ROW), 1)
    built.insert(position, _floor_row(table.columns, floors))
    return replace(table, rows=tuple(built), floor_warnings=tuple(_warnings(marked, results, floors)))


def with_floor_column(table: Table, floors: Mapping[str, MetricFloor], metrics: Sequence[Metric]) -> Table:
    """A table of changes, a row per metric, with the change of the floor; the same table where no metric has one.

    Args:
        table: from :func:`robustbench_endo.reports.data.scores.change_table`.
        floors: by metric.
        metrics: of the rows, in any order.
    """
    if not any(row.keys["metric"] in floors for row in table.rows):
        return table
    units = {metric.name: metric.unit for metric in metrics}
    cells = [change_of_floor(floors.get(row.keys["metric"]), units[row.keys["metric"]]) for row in table.rows]
    rows = tuple(replace(row, cells=(*row.cells, cell)) for row, cell in zip(table.rows, cells, strict=True))
    return replace(table, columns=(*table.columns, Column("Floor")), rows=rows)


def change_of_floor(floor: MetricFloor | None, unit: str) -> Cell:
    """``11.96 → 11.96``: the floor of clean frames and of the mean of all corruptions."""
    if floor is None:
        return Cell(MISSING)
    clean, mean = (number(floor.rows.get(key, math.nan), unit) for key in ((CLEAN, CLEAN), ("mean", "all")))
    return Cell(f"{clean} → {mean}", remarks=(f"of {floor.name}",))


def with_floor_of_mean(table: Table, results: Results) -> Table:
    """A table of summary metrics with the floor below the mean, and marks on numbers below their floors.

    Args:
        table: of one metric, from :func:`robustbench_endo.reports.data.aggregates.aggregate_tables`.
        results: the run.
    """
    metric = results.metric(table.rows[0].keys["metric"])
    floor = floor_of(results, metric.name)
    if floor is None or not math.isfinite(mean := floor.rows.get(("mean", "all"), math.nan)):
        return table
    rows = []
    for row in table.rows:
        value = floor.rows.get(_key_of_aggregate(row.keys["aggregate"]), math.nan)
        below = tuple(replace(cell, below_floor=is_below(cell.value, value, metric)) for cell in row.cells)
        rows.append(replace(row, cells=below))
    aggregates = [row.keys["aggregate"] for row in rows]
    position = 1 + aggregates.index("mean" if "mean" in aggregates else CLEAN)
    cell = Cell(number(mean, metric.unit), mean)
    keys = {"metric": metric.name, "aggregate": "floor", "unit": metric.unit}
    rows.insert(position, Row(FLOOR_ROW, FLOOR_OF_MEAN, (cell,) * len(table.columns), keys))
    return replace(table, rows=tuple(rows), remarks=(*table.remarks, f"{FLOOR_OF_MEAN}: {floor.name}."))


def _key_of_aggregate(name: str) -> Key:
    """The row of the tables of scores that has the number of an aggregate; ("", "") without one."""
    if name.startswith("mean_"):
        return "mean", name.removeprefix("mean_")
    return {"clean": (CLEAN, CLEAN), "mean": ("mean", "all")}.get(name, ("", ""))


def _with_floor(cell: Cell, column: Column, row: Key, floors: Mapping[str, MetricFloor | None]) -> Cell:
    assert column.metric is not None
    floor = floors[column.metric.name]
    value = math.nan if floor is None else floor.rows[row]
    if floor is None or not math.isfinite(value):
        return cell
    below, text = is_below(cell.value, value, column.metric), number(value, column.metric.unit)
    remark = f"{'below the floor' if below else 'floor'} {text} ({floor.name})"
    return replace(cell, below_floor=below, remarks=(*cell.remarks, remark))


def _floor_row(columns: Sequence[Column], floors: Mapping[str, MetricFloor | None]) -> Row:
    cells = []
    for column in columns:
        assert column.metric is not None
        floor = floors[column.metric.name]
        value = math.nan if floor is None else floor.mean
        remarks = () if floor is None else (f"of {floor.name}",)
        cells.append(Cell(number(value, column.metric.unit), value, remarks=remarks))
    return Row(FLOOR_ROW, FLOOR_OF_MEAN, tuple(cells), {"category": "mean", "corruption": "floor"})


def _warnings(table: Table, results: Results, floors: Mapping[str, MetricFloor | None]) -> list[str]:
    """A sentence for each model and headline metric with numbers below the floor."""
    names = [name for name in headline(results) if name in floors] or list(floors)[:1]
    sentences = []
    for index, column in enumerate(table.columns):
        assert column.metric is not None
        floor = floors[column.metric.name]
        cells = [(row, row.cells[index]) for row in table.rows if row.cells[index].below_floor]
        if floor is None or column.metric.name not in names or not cells:
            continue
        label = column.metric.label
        label = label[:1].lower() + label[1:] if label[1:2].islower() else label
        value = f"{with_unit(floor.mean, column.metric.unit)} {label}"
        conditions = _conditions([row for row, _ in cells])
        sentences.append(f"{column.model} is below {floor.name} ({value}) {conditions}.")
    return sentences


def _conditions(rows: Sequence[Row]) -> str:
    """``on clean frames and under contrast and smoke``."""
    keys = [(row.keys["category"], row.keys["corruption"]) for row in rows]
    single = [title(name).lower() for category, name in keys if category not in (CLEAN, "mean")]
    named = single[:MAX_CONDITIONS]
    more = [f"{len(single) - len(named)} more"] if len(single) > len(named) else []
    parts = ["on clean frames"] if (CLEAN, CLEAN) in keys else []
    parts += ["in the mean of all corruptions"] if ("mean", "all") in keys else []
    parts += [f"under {joined([*named, *more])}"] if named else []
    parts = parts or ["in the mean of a category"]
    return joined(parts) if len(parts) < 3 else f"{', '.join(parts[:-1])}, and {parts[-1]}"
