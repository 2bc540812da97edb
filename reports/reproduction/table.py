"""Our figures beside the paper's: a table for a terminal, a manuscript and a browser."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from robustbench_endo.reports.data.metrics import heading, metric
from robustbench_endo.reports.formatting import ABSENT, number, signed, title
from robustbench_endo.results.metric_info import METRICS

LEGENDS = {
    "endoarss": "Protocol endoarss: the definitions, size (256 x 256) and severities of the paper's authors. "
    "Differences are "
    "ours less the paper's.",
    "standard": "Protocol standard: this package's own definitions; they have no counterpart in the paper, so nothing "
    "stands beside them.",
}
DONE = "done"
_CELL = 17
"""Columns of a terminal that a figure takes."""

_HEADINGS = {"dinov2": "DINOv2", "tesla": "TESLA", "sma": "SMA", "rank": "LoRA rank", "optimization": "Optimisation"}


@dataclass(frozen=True)
class Figure:
    """One figure: ours, the paper's, ours less the paper's, each as printed."""

    ours: str
    published: str
    difference: str


@dataclass(frozen=True)
class Line:
    """A row: what names it, its figures, and why there are none."""

    labels: tuple[str, ...]
    figures: tuple[Figure, ...]
    problem: str


@dataclass(frozen=True)
class Block:
    """The rows under one protocol.

    Attributes:
        protocol: whose definitions.
        keys: headings of the columns that name a row.
        heads: headings of the figures: metric, and below it the model where the models stand side by side.
        lines: the rows.
    """

    protocol: str
    keys: tuple[str, ...]
    heads: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]

    @property
    def compared(self) -> bool:
        """Whether the paper's figures stand beside ours."""
        return self.protocol == "endoarss"

    def part(self, first: int, last: int) -> Block:
        """Some of the columns."""
        lines = (dataclasses.replace(line, figures=line.figures[first:last]) for line in self.lines)
        return dataclasses.replace(self, heads=self.heads[first:last], lines=tuple(lines))


@dataclass(frozen=True)
class PaperTable:
    """A table of the paper made again.

    Attributes:
        title: which.
        keys: the columns of ``frame`` that name a row; one called `model` is spread over the columns.
        frame: tidy, as ``robustbench_endo.reproduction.comparison_table`` makes it.
        notes: what has to be read first: stand-ins, departures from the paper, the data.
    """

    title: str
    keys: Sequence[str]
    frame: pd.DataFrame
    notes: Sequence[str] = ()

    @property
    def blocks(self) -> tuple[Block, ...]:
        """One a protocol, the paper's first."""
        return tuple(self._block(str(name), part) for name, part in self.frame.groupby("protocol", sort=False))

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Row and sentence of what is missing, each once."""
        wrong = self.frame[self.frame["state"] != DONE]
        names = wrong[["model"] if self._spread else list(self.keys)].astype(str).agg(" / ".join, axis=1)
        return list(dict.fromkeys(zip(names, wrong["state"], strict=True))) if len(wrong) else []

    @property
    def _spread(self) -> bool:
        return "model" in self.keys and len(self.keys) > 1

    def _block(self, protocol: str, part: pd.DataFrame) -> Block:
        keys = [key for key in self.keys if not (self._spread and key == "model")]
        models = list(dict.fromkeys(part["model"])) if self._spread else [""]
        names = list(dict.fromkeys(zip(part["metric"], part["quantity"], strict=True)))
        heads = [(name, model) for name, _ in names for model in models]
        lines = []
        for labels, rows in part.groupby(keys, sort=False):
            found = {(row.metric, row.model if self._spread else ""): row for row in rows.itertuples()}
            figures = tuple(_figure(found.get(head), dict(names)[head[0]]) for head in heads)
            wrong = [str(state) for state in rows["state"] if state != DONE]
            lines.append(Line(tuple(_name(str(label)) for label in labels), figures, (wrong or [""])[0]))
        quantities = {name: heading(metric(quantity)).replace(" (EndoARSS)", "") for name, quantity in names}
        return Block(
            protocol,
            tuple(_HEADINGS.get(key, title(key)) for key in keys),
            tuple((quantities[name], model) for name, model in heads),
            tuple(lines),
        )


def _name(label: str) -> str:
    """Names of corruptions and answers in words; names of networks and data sets as they are."""
    return title(label) if label.islower() else label


def _figure(row: object, quantity: str) -> Figure:
    ours, theirs = (float(getattr(row, name, math.nan)) for name in ("ours", "published"))
    unit = METRICS[quantity].unit
    return Figure(number(ours, unit), number(theirs, unit), signed(ours - theirs, unit))


def print_paper_table(table: PaperTable, console: Console) -> None:
    """Print what is set against the paper: ours, and in brackets the difference; split where it is too wide."""
    block = table.blocks[0]
    room = max(1, (console.width - sum(_widths(block))) // _CELL)
    for first in range(0, len(block.heads), room):
        console.print(_drawn(table.title, block.part(first, first + room)))
    console.print(f"Figures: ours (less the paper's). {LEGENDS[block.protocol]}", markup=False, highlight=False)
    for name, problem in table.problems:
        console.print(Text(f"{name}: {problem}", style="bold yellow"), soft_wrap=True)
    for note in table.notes:
        console.print(note, markup=False, highlight=False)


def _drawn(name: str, block: Block) -> Table:
    drawn = Table(title=Text(name, style="bold"), title_justify="left", pad_edge=False, show_edge=False)
    for key in block.keys:
        drawn.add_column(key, no_wrap=True)
    for what, model in block.heads:
        head = Text("\n".join([what, *(f"{part}/" for part in model.split("/")[:-1]), model.split("/")[-1]]).strip())
        drawn.add_column(head, justify="right", min_width=_CELL - 3)
    for line in block.lines:
        drawn.add_row(*line.labels, *map(_both, line.figures))
    return drawn


def _both(figure: Figure) -> str:
    return figure.ours if ABSENT in (figure.ours, figure.difference) else f"{figure.ours} ({figure.difference})"


def _widths(block: Block) -> list[int]:
    """Columns of a terminal that the names of the rows take."""
    columns = zip(block.keys, *(line.labels for line in block.lines), strict=True)
    return [max(map(len, column)) + 3 for column in columns]
