"""Reproduced numbers compared with published ones, as a table for a terminal, a manuscript and a browser."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from robustbench_endo.reports.data.metrics import heading
from robustbench_endo.reports.formatting import MISSING, number, signed, title
from robustbench_endo.results.metrics import known_metrics

LEGENDS = {
    "endoarss": "Protocol endoarss: the definitions, size (256 x 256) and severities of the paper's authors. "
    "Differences are reproduced - published.",
    "standard": "Protocol standard: the definitions of this package, which have no counterpart in the paper.",
}
DONE = "done"
_CELL_WIDTH = 17
"""Characters of a number with its difference in a terminal."""

_HEADINGS = {"dinov2": "DINOv2", "tesla": "TESLA", "sma": "SMA", "rank": "LoRA rank", "optimization": "Optimisation"}


@dataclass(frozen=True)
class Number:
    """A reproduced number, the published one, and reproduced - published, each as printed."""

    reproduced: str
    published: str
    difference: str


@dataclass(frozen=True)
class Line:
    """A row: its labels, its numbers, and why they are missing."""

    labels: tuple[str, ...]
    numbers: tuple[Number, ...]
    problem: str


@dataclass(frozen=True)
class Block:
    """The rows under one protocol.

    Attributes:
        protocol: of the metric definitions.
        keys: headings of the columns with labels.
        heads: headings of the numbers: metric, and the model where each model has its own columns.
        lines: the rows.
    """

    protocol: str
    keys: tuple[str, ...]
    heads: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]

    @property
    def compared(self) -> bool:
        """Whether published numbers are comparable with this protocol."""
        return self.protocol == "endoarss"

    def columns(self, first: int, last: int) -> Block:
        """Some of the columns."""
        lines = (dataclasses.replace(line, numbers=line.numbers[first:last]) for line in self.lines)
        return dataclasses.replace(self, heads=self.heads[first:last], lines=tuple(lines))


@dataclass(frozen=True)
class PaperTable:
    """A reproduced table of the paper.

    Attributes:
        title: of the table.
        keys: the columns of ``frame`` with labels; one called ``model`` becomes columns of the table.
        frame: tidy, from ``robustbench_endo.reproduction.comparison_table``.
        notes: substitutes, deviations from the paper, the data.
    """

    title: str
    keys: Sequence[str]
    frame: pd.DataFrame
    notes: Sequence[str] = ()

    @property
    def blocks(self) -> tuple[Block, ...]:
        """One per protocol, the paper's first."""
        return tuple(self._block(str(name), part) for name, part in self.frame.groupby("protocol", sort=False))

    @property
    def problems(self) -> list[tuple[str, str]]:
        """(row, reason) of the numbers that are missing, each once."""
        missing = self.frame[self.frame["state"] != DONE]
        names = missing[["model"] if self._by_model else list(self.keys)].astype(str).agg(" / ".join, axis=1)
        return list(dict.fromkeys(zip(names, missing["state"], strict=True))) if len(missing) else []

    @property
    def _by_model(self) -> bool:
        return "model" in self.keys and len(self.keys) > 1

    def _block(self, protocol: str, part: pd.DataFrame) -> Block:
        keys = [key for key in self.keys if not (self._by_model and key == "model")]
        models = list(dict.fromkeys(part["model"])) if self._by_model else [""]
        names = list(dict.fromkeys(zip(part["metric"], part["quantity"], strict=True)))
        heads = [(name, model) for name, _ in names for model in models]
        lines = []
        for labels, rows in part.groupby(keys, sort=False):
            records = {(row.metric, row.model if self._by_model else ""): row for row in rows.itertuples()}
            numbers = tuple(_number(records.get(head), dict(names)[head[0]]) for head in heads)
            problems = [str(state) for state in rows["state"] if state != DONE]
            lines.append(Line(tuple(_name(str(label)) for label in labels), numbers, (problems or [""])[0]))
        metrics = known_metrics()
        headings = {name: heading(metrics[quantity]).replace(" (EndoARSS)", "") for name, quantity in names}
        return Block(
            protocol,
            tuple(_HEADINGS.get(key, title(key)) for key in keys),
            tuple((headings[name], model) for name, model in heads),
            tuple(lines),
        )


def _name(label: str) -> str:
    """Names of corruptions and activities as words; names of models and data sets unchanged."""
    return title(label) if label.islower() else label


def _number(record: object, metric: str) -> Number:
    reproduced, published = (float(getattr(record, name, math.nan)) for name in ("reproduced", "published"))
    unit = known_metrics()[metric].unit
    return Number(number(reproduced, unit), number(published, unit), signed(reproduced - published, unit))


def print_paper_table(table: PaperTable, console: Console) -> None:
    """Print the comparable numbers with their differences in brackets; a wide table is split."""
    block = table.blocks[0]
    max_columns = max(1, (console.width - sum(_widths(block))) // _CELL_WIDTH)
    for first in range(0, len(block.heads), max_columns):
        console.print(_rich(table.title, block.columns(first, first + max_columns)))
    console.print(f"Reproduced (reproduced - published). {LEGENDS[block.protocol]}", markup=False, highlight=False)
    for name, problem in table.problems:
        console.print(Text(f"{name}: {problem}", style="bold yellow"), soft_wrap=True)
    for note in table.notes:
        console.print(note, markup=False, highlight=False)


def _rich(caption: str, block: Block) -> Table:
    table = Table(title=Text(caption, style="bold"), title_justify="left", pad_edge=False, show_edge=False)
    for key in block.keys:
        table.add_column(key, no_wrap=True)
    for metric, model in block.heads:
        head = "\n".join([metric, *(f"{part}/" for part in model.split("/")[:-1]), model.split("/")[-1]]).strip()
        table.add_column(Text(head), justify="right", min_width=_CELL_WIDTH - 3)
    for line in block.lines:
        table.add_row(*line.labels, *map(_with_difference, line.numbers))
    return table


def _with_difference(entry: Number) -> str:
    if MISSING in (entry.reproduced, entry.difference):
        return entry.reproduced
    return f"{entry.reproduced} ({entry.difference})"


def _widths(block: Block) -> list[int]:
    """Characters of the columns with labels."""
    columns = zip(block.keys, *(line.labels for line in block.lines), strict=True)
    return [max(map(len, column)) + 3 for column in columns]
