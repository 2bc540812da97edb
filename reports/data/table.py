"""The table of the report, shaped like Table VII of the paper: written cells, their heat, the best of each row."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from robustbench_endo.reports.data.estimates import HELD_OUT, mean_table, trained_on
from robustbench_endo.reports.data.metrics import metric
from robustbench_endo.reports.formatting import number, title
from robustbench_endo.results.metric_info import MetricInfo
from robustbench_endo.results.schema import RECORDED
from robustbench_endo.results.table import PARTS

if TYPE_CHECKING:
    from robustbench_endo.reports.data.estimates import Measured
    from robustbench_endo.results import Bootstrap, Results

PUBLISHED = "“paper”: the number that was published."
"""What is said of published numbers that do not say whose they are."""

Kind = Literal["clean", "category", "corruption", "mean"]


@dataclass(frozen=True)
class Column:
    """One model under one metric."""

    metric: MetricInfo
    model: str


@dataclass(frozen=True)
class Cell:
    """A number of the table.

    Attributes:
        text: as printed, in the metric's unit.
        value: the number itself, NaN when absent.
        heat: 0 for the best value of its metric in the table, 1 for the worst (if 10 or more percentage points
            below); None when absent or without direction.
        best: whether no other model of its row prints a better number (never with a single model).
        low, high: the interval, NaN without one.
        margin: half the width of its interval as printed; empty unless asked for.
        ends: the interval as printed, ``61.20 to 65.30``; empty without one.
        published: the same number as printed elsewhere (the paper); empty without one.
        seen: whether the model was trained on the corruption, or on one of those that the number is a mean of.
    """

    text: str
    value: float
    heat: float | None
    best: bool
    low: float = math.nan
    high: float = math.nan
    margin: str = ""
    ends: str = ""
    published: str = ""
    seen: bool = False


@dataclass(frozen=True)
class Row:
    """A corruption, the mean of a category, the clean frames or the mean of all; ``category`` is empty for the last
    two."""

    kind: Kind
    name: str
    label: str
    category: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class ScoreTable:
    """Columns and rows in the order in which they are read.

    ``intervals`` says what was resampled for the cells' margins, ``warning`` why to read them with care; both are
    empty without intervals. ``source`` says whose numbers stand beside those of the run, empty where none do.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    intervals: str = ""
    warning: str = ""
    source: str = ""

    @property
    def seen(self) -> bool:
        """Whether any model was trained on any of it."""
        return any(cell.seen for row in self.rows for cell in row.cells)

    @property
    def metrics(self) -> tuple[MetricInfo, ...]:
        """The metrics, in column order."""
        return tuple({column.metric.name: column.metric for column in self.columns}.values())

    def part(self, metrics: Sequence[str], models: Sequence[str]) -> ScoreTable:
        """The columns of these metrics and models; heat and best stay as measured over the whole table."""
        kept = [i for i, c in enumerate(self.columns) if c.metric.name in metrics and c.model in models]
        rows = (dataclasses.replace(row, cells=tuple(row.cells[i] for i in kept)) for row in self.rows)
        return dataclasses.replace(self, columns=tuple(self.columns[i] for i in kept), rows=tuple(rows))


def score_table(
    results: Results,
    metrics: Sequence[str],
    intervals: bool | Bootstrap = False,
    measured: Measured | None = None,
    published: pd.DataFrame | None = None,
) -> ScoreTable:
    """The table of some metrics and all models, with intervals on request.

    Rows: clean, then each category's mean followed by its corruptions, then the mean of all and, where models were
    trained on some, of the held-out corruptions; last the recorded conditions.

    Args:
        intervals: margins beside the numbers.
        measured: the numbers with their intervals, where they are known already.
        published: numbers to stand beside those of the run, shaped as :meth:`Results.table`; ``.attrs["source"]`` says
            in a sentence whose they are.
    """
    whole = mean_table(results, metrics, intervals) if measured is None else measured.table
    spread = whole.columns.nlevels == len(("metric", "model", "part"))
    frame, *ends = (whole.xs(part, level="part", axis=1) for part in PARTS) if spread else (whole,)
    columns = tuple(Column(metric(name), model) for name in metrics for model in results.models)
    ranges = {name: _range(frame[name]) for name in metrics}
    seen = _seen(results)

    def row(kind: Kind, name: str, label: str, category: str, key: tuple[str, str]) -> Row:
        values = frame.loc[key] if key in frame.index else pd.Series(math.nan, frame.columns)
        best = {name: _best(values[name].to_numpy(float), metric(name)) for name in metrics}
        cells = [_cell(float(values[c.metric.name, c.model]), c.metric, ranges, best) for c in columns]
        places = [(c.metric.name, c.model) for c in columns]
        if spread and key in whole.index:
            low, high = (end.loc[key] for end in ends)
            cells = [_with_ends(cell, low[at], high[at], metric(at[0])) for cell, at in zip(cells, places, strict=True)]
        if not intervals:
            cells = [dataclasses.replace(cell, margin="") for cell in cells]
        noted = (
            dataclasses.replace(cell, seen=key in seen[at[1]], published=_published(published, key, at))
            for cell, at in zip(cells, places, strict=True)
        )
        return Row(kind, name, label, category, tuple(noted))

    rows = tuple(row(*place) for place in _layout(results, whole))
    beside = any(cell.published for row in rows for cell in row.cells)
    source = str(published.attrs.get("source", PUBLISHED)) if published is not None and beside else ""
    statement, warning = (whole.attrs["intervals"], whole.attrs["warning"]) if intervals else ("", "")
    return ScoreTable(columns, rows, statement, warning, source)


def _seen(results: Results) -> dict[str, set[tuple[str, str]]]:
    """Model -> the rows of the table that hold corruptions that it was trained on."""
    categories = results.corruption_categories
    return {
        model: {
            key for name in names for key in ((categories[name], name), ("mean", categories[name]), ("mean", "all"))
        }
        for model, names in trained_on(results).items()
    }


def _published(published: pd.DataFrame | None, key: tuple[str, str], at: tuple[str, str]) -> str:
    if published is None or key not in published.index or at not in published.columns:
        return ""
    value = float(published.loc[key, at])
    return number(value, metric(at[0]).unit) if math.isfinite(value) else ""


def _layout(results: Results, table: pd.DataFrame) -> Iterator[tuple[Kind, str, str, str, tuple[str, str]]]:
    categories = results.corruption_categories
    yield "clean", "clean", "Clean", "", ("clean", "clean")
    for category in dict.fromkeys(categories.values()):
        yield "category", category, title(category), category, ("mean", category)
        for name in results.corruptions:
            if categories[name] == category:
                yield "corruption", name, title(name), category, (category, name)
    yield "mean", "all", "Mean of all corruptions", "", ("mean", "all")
    if ("mean", HELD_OUT) in table.index:
        yield "mean", HELD_OUT, "Mean of held-out corruptions", "", ("mean", HELD_OUT)
    if results.recorded_conditions:
        yield "category", RECORDED, "Recorded conditions", RECORDED, ("mean", RECORDED)
    for name in results.recorded_conditions:
        yield "corruption", name, title(name), RECORDED, (RECORDED, name)


def _range(values: pd.DataFrame) -> tuple[float, float]:
    numbers = values.to_numpy(float)
    finite = numbers[np.isfinite(numbers)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _best(values: np.ndarray, quantity: MetricInfo) -> str | None:
    finite = values[~np.isnan(values)]
    if len(values) < 2 or not finite.size or quantity.higher_is_better is None:
        return None
    return number(float(finite.max() if quantity.higher_is_better else finite.min()), quantity.unit)


def _cell(
    value: float, quantity: MetricInfo, ranges: dict[str, tuple[float, float]], best: dict[str, str | None]
) -> Cell:
    text = number(value, quantity.unit)
    return Cell(text, value, _heat(value, quantity, *ranges[quantity.name]), text == best[quantity.name])


def _with_ends(cell: Cell, low: float, high: float, quantity: MetricInfo) -> Cell:
    if not math.isfinite(low + high):
        return cell
    unit = quantity.unit
    margin = f"±{number((high - low) / 2, unit)}"
    ends = f"{number(low, unit)} to {number(high, unit)}"
    return dataclasses.replace(cell, low=low, high=high, margin=margin, ends=ends)


def _heat(value: float, quantity: MetricInfo, low: float, high: float) -> float | None:
    if not math.isfinite(value) or quantity.higher_is_better is None:
        return None
    below_best = high - value if quantity.higher_is_better else value - low
    # Models that differ by a point or two must not look like day and night.
    span = max(high - low, 10.0) if quantity.unit == "%" else high - low
    return round(below_best / span, 3) if span > 0 else 0.0
