"""Rows that only the page has: bars of the groups, calibration errors, what a cell tells on demand."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..content.metrics import metric
from ..content.table import Cell, Row
from ..content.whole import Content


@dataclass(frozen=True)
class Bar:
    """A number with the places of its bar and of its interval, in percent of the width; ``colour`` of the palette."""

    text: str
    value: float
    low: float
    high: float
    colour: int


@dataclass(frozen=True)
class BarRow:
    """Clean frames or the mean of a group, a bar a model."""

    kind: str
    label: str
    bars: tuple[Bar, ...]


def group_bars(c: Content, name: str) -> list[BarRow]:
    """The rows of the table that are clean or means, for one metric; a full bar is 100 %, else the largest number."""
    rows = [row for row in c.table.rows if row.kind != "corruption"]
    places = [place for place, column in enumerate(c.table.columns) if column.metric.name == name]
    quantity = metric(name)
    known = [row.cells[place].value for row in rows for place in places if math.isfinite(row.cells[place].value)]
    top = 100.0 if quantity.unit == "%" and quantity.scale == 100 else max([*known, 0.0]) or 1.0

    def bar(cell: Cell, model: str) -> Bar:
        value, low, high = (
            min(100.0, max(0.0, 100 * part / top)) if math.isfinite(part) else 0.0
            for part in (cell.value, cell.low, cell.high)
        )
        return Bar(cell.text, round(value, 3), round(low, 3), round(high, 3), c.styles[model].index)

    return [
        BarRow(
            row.kind,
            row.label,
            tuple(bar(row.cells[place], c.table.columns[place].model) for place in places),
        )
        for row in rows
    ]


def calibration_rows(c: Content) -> list[tuple[str, list[tuple[str, str]]]]:
    """(calibration error, (clean, mean of all corruptions) of each model as printed) of each task that has one."""
    clean = next(row for row in c.table.rows if row.kind == "clean")
    mean = next(row for row in c.table.rows if row.kind == "mean")
    return [
        (
            f"{metric(name).label} (%)",
            [
                (clean.cells[place].text, mean.cells[place].text)
                for place, column in enumerate(c.table.columns)
                if column.metric.name == name
            ],
        )
        for name in ("segmentation_ece", "ece")
        if name in c.metrics
    ]


def told(cell: Cell, row: Row) -> list[str]:
    """What a cell of the table tells on demand: its interval, the published number, whether it was trained on."""
    found = [f"interval {cell.ends}"] if cell.ends else []
    found += [f"paper {cell.published}"] if cell.published else []
    if cell.seen:
        found.append("seen in training" if row.kind == "corruption" else "partly seen in training")
    if not math.isfinite(cell.value):
        found.append("not run, or not defined here")
    return found
