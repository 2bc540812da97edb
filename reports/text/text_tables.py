"""Tables as they are printed, before LaTeX or Markdown: a label, then a written number a column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustbench_endo.errors import RunError
from robustbench_endo.reports.data.estimates import DAGGER
from robustbench_endo.reports.data.failures import DICE, aggregate_label, aggregate_unit, failure_caption, failure_lines
from robustbench_endo.reports.data.metrics import heading, metric
from robustbench_endo.reports.data.table import Cell, ScoreTable
from robustbench_endo.reports.formatting import number

if TYPE_CHECKING:
    from robustbench_endo.reports.data.report_data import ReportData
    from robustbench_endo.results import Bootstrap, Results


@dataclass(frozen=True)
class AggregateTable:
    """Rows of (label, one (value, low, high) a model), all as printed; the ends are empty without intervals."""

    name: str
    caption: str
    rows: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]
    note: str = ""


def aggregate_tables(
    results: Results, metrics: Sequence[str], intervals: bool | Bootstrap = False
) -> list[AggregateTable]:
    """Each metric in few numbers, then failures and silent failures; empty for a run without scores."""
    if not metrics:
        return []
    return [*_few_numbers(results, metrics, intervals), *_failures(results, intervals)]


def _few_numbers(results: Results, metrics: Sequence[str], intervals: bool | Bootstrap) -> Iterator[AggregateTable]:
    summary = results.robustness(metrics, None, intervals)
    for name in metrics:
        rows = tuple(
            (aggregate_label(name, key), _cells(values, results.models, aggregate_unit(name, key), bool(intervals)))
            for (of, key), values in summary.iterrows()
            if of == name
        )
        yield AggregateTable(f"robustness-{name}", f"{heading(metric(name))} in few numbers", rows, _note(summary))


def _failures(results: Results, intervals: bool | Bootstrap) -> Iterator[AggregateTable]:
    try:
        failed = results.failures(DICE, intervals)
    except RunError:
        # A model without clean frames has no yardstick of confidence: there is nothing to print.
        return
    if not np.isfinite(failed.to_numpy(float)).any():
        return
    rows = tuple(
        (label, _cells(values, results.models, "%", bool(intervals))) for label, values in failure_lines(failed)
    )
    yield AggregateTable("failures", failure_caption(DICE), rows, _note(failed))


def _cells(values: pd.Series, models: Sequence[str], unit: str, intervals: bool) -> tuple[tuple[str, str, str], ...]:
    def cell(model: str) -> tuple[str, str, str]:
        if not intervals:
            return number(float(values[model]), unit), "", ""
        value, low, high = (float(values[model, part]) for part in ("value", "low", "high"))
        ends = (number(low, unit), number(high, unit)) if np.isfinite(low + high) else ("", "")
        return number(value, unit), *ends

    return tuple(cell(model) for model in models)


def _note(table: pd.DataFrame) -> str:
    return f"{table.attrs.get('intervals', '')} {table.attrs.get('warning', '')}".strip()


WIDEST = 8, 5
"""Columns of numbers that fit a page, without and with intervals."""

_SEEN = f"{DAGGER}: the model was trained on it, or on a part of it: no robustness there."


@dataclass(frozen=True)
class PrintedCell:
    """A written number, the ends of its interval (empty without one), and marks.

    ``best``: the best of its row; ``seen``: the model was trained on it, or on a part of it.
    """

    text: str
    low: str = ""
    high: str = ""
    best: bool = False
    seen: bool = False


@dataclass(frozen=True)
class PrintedRow:
    """``kind`` is ``plain``, ``clean``, ``category`` (a mean of the rows below it) or ``mean`` (of all)."""

    label: str
    kind: str
    cells: tuple[PrintedCell, ...]


@dataclass(frozen=True)
class PrintedTable:
    """A table of a report.

    Attributes:
        name: short and without spaces, unique in the report.
        caption: what it shows, with units.
        head: of the labels' column.
        spans: (text, how many columns it stands over); empty for none.
        columns: one name a column of numbers.
        rows: cells as many as columns.
        note: what daggers mean, what was resampled, and any warning; empty for nothing to say.
    """

    name: str
    caption: str
    head: str
    spans: tuple[tuple[str, int], ...]
    columns: tuple[str, ...]
    rows: tuple[PrintedRow, ...]
    note: str = ""

    def split(self, widest: int) -> Iterator[PrintedTable]:
        """Tables of at most so many columns, even in width, each with its part of the spans."""
        pieces = -(-len(self.columns) // widest)
        share = -(-len(self.columns) // max(pieces, 1))
        if pieces <= 1:
            yield self
            return
        for place, first in enumerate(range(0, len(self.columns), share), start=1):
            some = slice(first, first + share)
            yield replace(
                self,
                name=f"{self.name}-{place}",
                spans=tuple(self._spans_of(range(len(self.columns))[some])),
                columns=self.columns[some],
                rows=tuple(replace(row, cells=row.cells[some]) for row in self.rows),
            )

    def _spans_of(self, columns: range) -> Iterator[tuple[str, int]]:
        first = 0
        for text, width in self.spans:
            shared = len(range(max(first, columns.start), min(first + width, columns.stop)))
            if shared:
                yield text, shared
            first += width


def printed_tables(results: Results, c: ReportData, intervals: bool | Bootstrap = False) -> list[PrintedTable]:
    """Every table of a run: scores (the headline metrics first), the run in few numbers, failures, classes."""
    widest = WIDEST[bool(c.table.intervals)]
    together = max(1, widest // len(c.models))
    order = [*c.headline, *(name for name in c.metrics if name not in c.headline)]
    scores = [_scores(c.table.part(order[k : k + together], c.models)) for k in range(0, len(order), together)]
    few = [_aggregates(table, c.models) for table in aggregate_tables(results, c.headline, intervals)]
    return [*scores, *few, *_classes(c)]


def _scores(table: ScoreTable) -> PrintedTable:
    models = list(dict.fromkeys(column.model for column in table.columns))
    names = [metric.name for metric in table.metrics]
    ends = bool(table.intervals)
    ends = bool(table.intervals)
    rows = (
        PrintedRow(
            row.label,
            "plain" if row.kind == "corruption" else row.kind,
            tuple(_cell(cell, ends=ends) for cell in row.cells),
        )
        for row in table.rows
    )
    caption = " and ".join(heading(metric) for metric in table.metrics)
    return PrintedTable(
        f"scores-{'-'.join(names)}",
        f"{caption} under corruption: a corruption's number is the mean over its severities",
        "Corruption",
        tuple((heading(metric), len(models)) for metric in table.metrics) if len(names) > 1 else (),
        tuple(column.model for column in table.columns),
        tuple(rows),
        " ".join(part for part in (_SEEN if table.seen else "", table.intervals, table.warning) if part),
    )


def _cell(cell: Cell, *, ends: bool) -> PrintedCell:
    low, _, high = cell.ends.partition(" to ") if ends else ("", "", "")
    return PrintedCell(cell.text, low, high, cell.best, cell.seen)


def _aggregates(table: AggregateTable, models: Sequence[str]) -> PrintedTable:
    rows = tuple(
        PrintedRow(label, "plain", tuple(PrintedCell(*texts) for texts in cells)) for label, cells in table.rows
    )
    return PrintedTable(table.name, table.caption, "", (), tuple(models), rows, table.note)


def _classes(c: ReportData) -> Iterator[PrintedTable]:
    if not c.class_rows:
        return
    rows = (
        PrintedRow(f"{row.name}, {part}", "plain", tuple(PrintedCell(pair[place]) for pair in row.values))
        for row in c.class_rows
        for place, part in enumerate(("clean", "corrupted"))
    )
    caption = "Intersection over union of each class (%): clean frames, and mean of all corruptions"
    yield PrintedTable("classes", caption, "Class", (), tuple(c.models), tuple(rows))
