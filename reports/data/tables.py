"""The table model of all reports: rows with a kind, cells with a value, an interval and flags, in one order.

Every table is built once as a :class:`Table`. HTML, PDF, LaTeX, Markdown, CSV and the terminal lay it out and derive
nothing themselves: a new kind of row, or a new flag of a cell, is declared here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.metrics import heading
from robustbench_endo.reports.formatting import MISSING

DAGGER = "†"
"""Marks numbers on corruptions that the model was trained on."""

BELOW_FLOOR = "‡"
"""Marks numbers that are worse than the floor: those of a predictor that sees no image."""

Rule = Literal["", "thin", "thick"]


@dataclass(frozen=True)
class RowKind:
    """How rows of one kind are laid out.

    Attributes:
        name: of the kind.
        summary: whether the row summarises others or is the clean condition; its label is bold.
        italic: whether its numbers are italic.
        indent: whether its label is indented.
        rule: the line above it.
        suffix: small word behind its label.
        sort_group: position of its group in a sorted table; rows are sorted only within a group.
        sortable: whether sorting changes the order within the group.
    """

    name: str
    summary: bool = False
    italic: bool = False
    indent: bool = False
    rule: Rule = ""
    suffix: str = ""
    sort_group: int = 1
    sortable: bool = True

    @property
    def flags(self) -> str:
        """The layout as words, which the style sheets of HTML use as classes."""
        flags = {"summary": self.summary, "italic": self.italic, "indent": self.indent, self.rule: bool(self.rule)}
        return " ".join([self.name, *(name for name, flag in flags.items() if flag)])


PLAIN = RowKind("plain")
CLEAN_ROW = RowKind("clean", summary=True, rule="thick", sort_group=0, sortable=False)
CORRUPTION_ROW = RowKind("corruption", indent=True, sort_group=1)
CATEGORY_ROW = RowKind("category", summary=True, italic=True, rule="thin", suffix="mean", sort_group=2)
MEAN_ROW = RowKind("mean", summary=True, italic=True, rule="thick", sort_group=3, sortable=False)
FLOOR_ROW = RowKind("floor", italic=True, sort_group=3, sortable=False)
RECORDED_MEAN_ROW = replace(CATEGORY_ROW, sort_group=4)
RECORDED_ROW = replace(CORRUPTION_ROW, sort_group=5)


@dataclass(frozen=True)
class Cell:
    """A cell as printed, with the numbers behind it.

    Attributes:
        text: as printed, in the unit of the column.
        value: the number; NaN for none.
        low, high: ends of its interval; NaN without one.
        interval: the interval as printed, ``61.20 to 65.30``; empty without one.
        margin: half the width of the interval as printed, where the reader requested intervals; else empty.
        detail: small text below or behind it; empty for none.
        remarks: what a reader can look up about the cell.
        heat: 0 for the best value of its metric in the table, 1 for the worst; None without a direction.
        strong: whether it is bold: the best of its row, or a significant difference.
        trained_on: whether the model was trained on the corruption, or on one of those that the number is a mean of.
        below_floor: whether the number is worse than that of a predictor that sees no image.
        published: the same number in a publication, as printed; empty without one.
        verdict: of a significant difference.
        level: a severity that is shown as filled circles; None for none.
        keys: what the number belongs to, where the keys of its row and column do not say it.
    """

    text: str
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    interval: str = ""
    margin: str = ""
    detail: str = ""
    remarks: tuple[str, ...] = ()
    heat: float | None = None
    strong: bool = False
    trained_on: bool = False
    below_floor: bool = False
    published: str = ""
    verdict: Literal["", "better", "worse"] = ""
    level: float | None = None
    keys: Mapping[str, str] = field(default_factory=dict)

    @property
    def marks(self) -> str:
        """The symbols before the number, which the notes of the table explain."""
        return f"{DAGGER if self.trained_on else ''}{BELOW_FLOOR if self.below_floor else ''}"

    @property
    def tooltip(self) -> list[str]:
        """Everything to look up about the cell: interval, published number, remarks."""
        parts = [f"interval {self.interval}"] if self.interval else []
        parts += [f"published {self.published}"] if self.published else []
        return [*parts, *self.remarks]

    @property
    def ends(self) -> tuple[str, str]:
        """The ends of the interval as printed; empty without one."""
        low, _, high = self.interval.partition(" to ")
        return low, high


@dataclass(frozen=True)
class Column:
    """A column of cells.

    Attributes:
        label: its heading; the name of the model where there is one.
        model: the model, whose colour and marker renderers show; None for another column.
        metric: the heading above the columns of a metric; None for a table of one metric.
        detail: small text below the heading.
        keys: what its numbers belong to, as columns of a data file.
    """

    label: str
    model: str | None = None
    metric: Metric | None = None
    detail: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """A row of cells; ``keys`` as for columns."""

    kind: RowKind
    label: str
    cells: tuple[Cell, ...]
    keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """A table of a report.

    Attributes:
        name: short, without spaces, unique in the report.
        caption: what it shows, with units.
        corner: heading of the column of labels.
        columns, rows: in reading order.
        show_intervals: whether intervals are printed with the numbers; otherwise they can be looked up.
        statement: what the intervals rest on; empty without intervals.
        warning: why the intervals have to be interpreted with caution; empty without a reason.
        source: whose published numbers the cells have; empty without them.
        remarks: further sentences to read with its numbers.
        floor_warnings: which models are below a floor; read only where a cell is.
    """

    name: str
    caption: str
    corner: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    show_intervals: bool = False
    statement: str = ""
    warning: str = ""
    source: str = ""
    remarks: tuple[str, ...] = ()
    floor_warnings: tuple[str, ...] = ()

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics of the columns, in order."""
        return tuple({column.metric.name: column.metric for column in self.columns if column.metric}.values())

    @cached_property
    def models(self) -> tuple[str, ...]:
        """The models of the columns, in order."""
        return tuple(dict.fromkeys(column.model for column in self.columns if column.model is not None))

    @property
    def spans(self) -> list[tuple[str, int]]:
        """(heading, number of columns) of each metric; empty for a table of at most one metric."""
        if len(self.metrics) < 2:
            return []
        return [(heading(metric), sum(column.metric is metric for column in self.columns)) for metric in self.metrics]

    @property
    def cells(self) -> Iterator[Cell]:
        """All cells, row by row."""
        return (cell for row in self.rows for cell in row.cells)

    @property
    def trained_on(self) -> bool:
        """Whether a model was trained on any of it."""
        return any(cell.trained_on for cell in self.cells)

    @property
    def below_floor(self) -> bool:
        """Whether a number is below its floor."""
        return any(cell.below_floor for cell in self.cells)

    @property
    def missing(self) -> bool:
        """Whether a number is missing."""
        return any(cell.text == MISSING for cell in self.cells)

    @property
    def notes(self) -> list[str]:
        """Sentences below the table: what the dagger means, what the intervals rest on, any warning."""
        dagger = f"{DAGGER}: the model was trained on it, or on a part of it; not a measure of robustness."
        first = (dagger if self.trained_on else "", self.source, self.statement, self.warning)
        notes = (*first, *self.floor_notes, *self.remarks)
        return [note for note in notes if note]

    @property
    def floor_notes(self) -> list[str]:
        """What the mark of numbers below the floor means, and which models are; empty without such a number."""
        meaning = f"{BELOW_FLOOR}: worse than a predictor that sees no image (the floor)."
        return [meaning, *self.floor_warnings] if self.below_floor else []

    @cached_property
    def has_levels(self) -> bool:
        """Whether cells show severities as circles, which are aligned on the left."""
        return any(cell.level is not None for cell in self.cells)

    def subset(self, metrics: Sequence[str] | None = None, models: Sequence[str] | None = None) -> Table:
        """The columns of some metrics and models; heat and best remain those of the full table."""
        return self.select(
            [
                index
                for index, column in enumerate(self.columns)
                if (metrics is None or (column.metric and column.metric.name in metrics))
                and (models is None or column.model in models)
            ]
        )

    def select(self, indices: Sequence[int]) -> Table:
        """The columns at some positions."""
        rows = tuple(replace(row, cells=tuple(row.cells[index] for index in indices)) for row in self.rows)
        return replace(self, columns=tuple(self.columns[index] for index in indices), rows=rows)

    def with_rows(self, *, summary: bool) -> Table:
        """Only the rows that summarise, or only the others."""
        return replace(self, rows=tuple(row for row in self.rows if row.kind.summary == summary))

    def split(self, max_columns: int) -> list[Table]:
        """The table in parts of at most so many columns, as equal in width as possible."""
        total = len(self.columns)
        if total <= max_columns:
            return [self]
        width = math.ceil(total / math.ceil(total / max_columns))
        starts = range(0, total, width)
        parts = (self.select(range(start, min(start + width, total))) for start in starts)
        return [replace(part, name=f"{self.name}-{number}") for number, part in enumerate(parts, start=1)]
