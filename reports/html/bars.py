"""Bars of the means of each category, as the page shows them before its script runs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from robustbench_endo.reports.data.report_data import ReportData
from robustbench_endo.reports.data.tables import Cell


@dataclass(frozen=True)
class Bar:
    """A number with the ends of its bar and of its interval, in percent of the width.

    Attributes:
        text: the number as printed.
        value, low, high: positions.
        colour: index in the palette.
    """

    text: str
    value: float
    low: float
    high: float
    colour: int


@dataclass(frozen=True)
class BarRow:
    """A summary row of the table of scores, with a bar per model."""

    flags: str
    label: str
    bars: tuple[Bar, ...]


def category_bars(report: ReportData) -> list[BarRow]:
    """The summary rows for the leading metric; a full bar is its upper bound, else the largest number."""
    if report.leading is None:
        return []
    metric, table = report.leading, report.scores.subset([report.leading.name]).with_rows(summary=True)
    finite = [cell.value for cell in table.cells if math.isfinite(cell.value)]
    full = metric.upper_bound or max([*finite, 0.0]) or 1.0

    def bar(cell: Cell, model: str) -> Bar:
        value, low, high = (
            min(100.0, max(0.0, 100 * part / full)) if math.isfinite(part) else 0.0
            for part in (cell.value, cell.low, cell.high)
        )
        return Bar(cell.text, round(value, 3), round(low, 3), round(high, 3), report.styles[model].index)

    return [BarRow(row.kind.flags, row.label, tuple(map(bar, row.cells, table.models))) for row in table.rows]
