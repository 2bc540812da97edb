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
    "endoarss": "Protocol endoarss: the definitions, size (256 x 256) and severities of the paper's authors.",
    "standard": "Protocol standard: the definitions of this package, which have no counterpart in the paper.",
}
DIFFERENCES = "Differences are reproduced - published."
SPREADS = {
    "accuracy_activity_sd": "Accuracy, SD over activities (%)",
    "foreground_iou_activity_sd": "Foreground IoU, SD over activities (%)",
}
"""Quantities that only this table has, in percent -> heading."""

DONE = "done"
_CELL_WIDTH = 17
"""Characters of a column with numbers in a terminal, at least."""

_HEADINGS = {"dinov2": "DINOv2", "tesla": "TESLA", "sma": "SMA", "rank": "LoRA rank", "optimization": "Optimisation"}


@dataclass(frozen=True)
class Number:
    """A reproduced number (with ± its standard deviation over seeds), the published one, and their difference."""

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
        compared: whether there are published numbers that are comparable with these.
        keys: headings of the columns with labels.
        heads: headings of the numbers: metric, and the model where each model has its own columns.
        lines: the rows.
    """

    protocol: str
    compared: bool
    keys: tuple[str, ...]
    heads: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]

    @property
    def title(self) -> str:
        """Heading of the block."""
        if self.protocol != "endoarss":
            return "Standard definitions of this package"
        return "Comparison with the paper" if self.compared else "Definitions of the paper's authors"

    @property
    def legend(self) -> str:
        """What the numbers are."""
        return f"{LEGENDS[self.protocol]} {DIFFERENCES}" if self.compared else LEGENDS[self.protocol]

    @property
    def cell_width(self) -> int:
        """Characters of a column with numbers in a terminal, with its border."""
        return max([_CELL_WIDTH, *(len(_with_difference(each)) + 3 for line in self.lines for each in line.numbers)])

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
        most = int(part["seeds"].max())
        lines = []
        for labels, rows in part.groupby(keys, sort=False):
            records = {(row.metric, row.model if self._by_model else ""): row for row in rows.itertuples()}
            numbers = tuple(_number(records.get(head), dict(names)[head[0]], most) for head in heads)
            problems = [str(state) for state in rows["state"] if state != DONE]
            lines.append(Line(tuple(_name(str(label)) for label in labels), numbers, (problems or [""])[0]))
        headings = {name: _heading(quantity) for name, quantity in names}
        return Block(
            protocol,
            bool(part["published"].notna().any()),
            tuple(_HEADINGS.get(key, title(key)) for key in keys),
            tuple((headings[name], model) for name, model in heads),
            tuple(lines),
        )


def _name(label: str) -> str:
    """Names of corruptions and activities as words; names of models and data sets unchanged."""
    return title(label) if label.islower() else label


def _heading(quantity: str) -> str:
    """Label and unit of a quantity."""
    return SPREADS.get(quantity) or heading(known_metrics()[quantity]).replace(" (EndoARSS)", "")


def _number(record: object, quantity: str, most: int) -> Number:
    """A number as printed; where fewer than ``most`` seeds gave it, their number is printed, too."""
    reproduced, sd, published = (float(getattr(record, name, math.nan)) for name in ("reproduced", "sd", "published"))
    unit = "%" if quantity in SPREADS else known_metrics()[quantity].unit
    text, seeds = number(reproduced, unit), int(getattr(record, "seeds", 0))
    if not math.isnan(sd):
        text = f"{text} ± {number(sd, unit)}"
    if 0 < seeds < most:
        text = f"{text}, n = {seeds}"
    return Number(text, number(published, unit), signed(reproduced - published, unit))


def print_paper_table(table: PaperTable, console: Console) -> None:
    """Print the comparable numbers with their differences in brackets; a wide table is split."""
    block = table.blocks[0]
    max_columns = max(1, (console.width - sum(_widths(block))) // block.cell_width)
    for first in range(0, len(block.heads), max_columns):
        console.print(_rich(table.title, block.columns(first, first + max_columns)))
    intro = "Reproduced (reproduced - published). " if block.compared else ""
    console.print(f"{intro}{LEGENDS[block.protocol]}", markup=False, highlight=False)
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
        table.add_column(Text(head), justify="right", min_width=block.cell_width - 3)
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
