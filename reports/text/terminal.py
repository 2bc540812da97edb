"""Tables of a run in a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from robustbench_endo.reports.data.aggregates import aggregate_tables, failure_summary, joint_failure_table
from robustbench_endo.reports.data.comparison import (
    COMPARISON_NOTE,
    detailed_difference_table,
    pair_table,
    rank_table,
    verdict,
)
from robustbench_endo.reports.data.draws import draw_tables
from robustbench_endo.reports.data.floors import with_floor_of_mean
from robustbench_endo.reports.data.methods import method_tables
from robustbench_endo.reports.data.metrics import heading, headline, with_numbers
from robustbench_endo.reports.data.operating_envelope import envelope_table
from robustbench_endo.reports.data.sample import describe_sample
from robustbench_endo.reports.data.sample_size import sample_size_note, sample_size_table
from robustbench_endo.reports.data.scores import score_table
from robustbench_endo.reports.data.tables import Cell, Column, Row, Table
from robustbench_endo.reports.data.target_distortion import target_tables
from robustbench_endo.reports.formatting import MISSING
from robustbench_endo.results.resampling import Resampling

if TYPE_CHECKING:
    import pandas as pd

    from robustbench_endo.metrics.base import Metric
    from robustbench_endo.results import Comparison, Results

MAX_HEAD = 10
"""Characters of a column's head that are not folded."""

MIN_COLUMN = 7
"""Characters of the narrowest column."""


def print_table(
    results: Results,
    console: Console,
    metrics: Sequence[str] | None = None,
    intervals: bool | Resampling = False,
) -> None:
    """Print the table of scores, shaped like the paper's Table VII.

    The best model of each row is bold; a missing number is a dash. A table wider than the console is split by metric,
    then by models, so that no number is cut. Metrics without any number are left out.

    Args:
        results: the run.
        console: to print on.
        metrics: names of metrics; None for one per task.
        intervals: whether, and how, half the width of each interval is printed with the number.
    """
    requested = headline(results) if metrics is None else list(metrics)
    names = with_numbers(results, requested)
    if not names:
        console.print(Text(f"No numbers for {', '.join(requested)}: the frames have no labels."))
        return
    table = score_table(results, names, intervals)
    captions = ", ".join(heading(metric) for metric in table.metrics)
    _print(replace(table, caption=f"{captions}, {describe_sample(results)}"), console)
    if table.show_intervals:
        console.print(Text("±: half the width of the interval."))
    _print_notes(table, console)


def print_robustness(
    results: Results,
    console: Console,
    metrics: Sequence[str],
    baseline: str | None = None,
    intervals: bool | Resampling = False,
    thresholds: Mapping[str, float] | None = None,
) -> None:
    """Print every aggregate of :meth:`Results.robustness`, the failures, and the variation of seeds and draws.

    Args:
        results: the run.
        console: to print on.
        metrics: their names.
        baseline: the model that mCE is relative to.
        intervals: whether, and how, intervals are printed.
        thresholds: of failures, as :meth:`Results.failures`.
    """
    tables = [
        *(with_floor_of_mean(each, results) for each in aggregate_tables(results, metrics, baseline, intervals)),
        failure_summary(results, thresholds, intervals),
        joint_failure_table(results, thresholds, intervals),
        *method_tables(results, metrics),
        *draw_tables(results, metrics, intervals if isinstance(intervals, Resampling) else Resampling()),
    ]
    present = [table for table in tables if table is not None]
    for table in present:
        _print(table, console)
        for note in (*table.floor_notes, *table.remarks):
            console.print(Text(note))
    # What holds for all of them.
    _print_notes(replace(present[0], rows=(), remarks=()), console)


def print_envelope(
    results: Results, console: Console, thresholds: Mapping[str, float], intervals: bool | Resampling = True
) -> None:
    """Print for each corruption and model the largest safe severity, the distortion there, and the limit.

    Args:
        results: the run.
        console: to print on.
        thresholds, intervals: as :meth:`Results.envelope`.
    """
    table = envelope_table(results, thresholds, intervals)
    _print(table, console)
    console.print(Text("Distortion: 1 - image SSIM at that severity. Limit: what fails at the next severity."))
    _print_notes(table, console)


def print_target_distortion(results: Results, console: Console) -> None:
    """Print the severity and the distortion of each corruption of a run at a target distortion."""
    for table in target_tables(results):
        _print(table, console)
        for remark in table.remarks[1:]:  # the first is a note of the run
            console.print(Text(remark))


def print_comparison(comparison: Comparison, metrics: Sequence[Metric], console: Console) -> None:
    """Print for each metric which models differ, the ranks, the pairs, then each model compared with the baseline.

    A difference is bold where its corrected p-value (the uncorrected one for clean and for means) is at most 0.05.
    """
    others = [model for model in comparison.models if model != comparison.baseline]
    for metric in metrics:
        console.print(Text(verdict(comparison, metric), style="bold"))
        _print(rank_table(comparison, metric), console)
        if len(others) > 1:
            _print(pair_table(comparison, metric), console)
        for model in others:
            _print(detailed_difference_table(comparison, metric, model), console)
    console.print(comparison.statement, markup=False, highlight=False)
    console.print(COMPARISON_NOTE, highlight=False)
    for warning in comparison.warnings:
        console.print(Text(warning, style="bold yellow"))


def print_sample_size(
    needed: pd.DataFrame,
    metric: Metric,
    aims: Mapping[str, float | None],
    power: float | None,
    subjects: int,
    console: Console,
) -> None:
    """Print how many subjects each goal needs.

    Args:
        needed: from :func:`robustbench_endo.results.sample_size`.
        metric: its metric.
        aims: goal -> half-width or margin; None without that goal.
        power: to detect the margin.
        subjects: of the run.
        console: to print on.
    """
    for goal, aim in aims.items():
        if aim is not None:
            _print(sample_size_table(needed, metric, goal, aim, power), console)
    console.print(Text(sample_size_note(subjects)))


def _print(table: Table, console: Console) -> None:
    for part in _fit(table, console.width):
        console.print(_rich(part, console.width))
        console.print()


def _fit(table: Table, width: int) -> Iterable[Table]:
    """The table in parts that fit the width: whole metrics where possible, else some models of one metric."""
    if not table.models:
        return [table]
    labels = max((len(_label(row)) for row in table.rows), default=0) + 2
    heads = (line for column in table.columns for line in _head(column, table).plain.split("\n"))
    cells = (line for cell in table.cells for line in _cell(cell, table).plain.split("\n"))
    # A long head is folded, a number never.
    column_width = max(min(max(map(len, heads)), MAX_HEAD), max(map(len, cells)))
    max_columns = max(1, (width - labels) // (column_width + 3))
    if len(table.columns) <= max_columns:
        return [table]
    if len(table.metrics) < 2:
        return table.split(max_columns)
    together = ", ".join(heading(metric) for metric in table.metrics)
    parts = (
        replace(table.subset([metric.name]), caption=table.caption.replace(together, heading(metric), 1))
        for metric in table.metrics
    )
    return [piece for part in parts for piece in _fit(part, width)]


def _rich(table: Table, width: int) -> RichTable:
    caption = Text(table.caption, style="bold")
    rich_table = RichTable(title=caption, title_justify="left", pad_edge=False, show_edge=False)
    widths = _unbroken_widths(table, width)
    rich_table.add_column(table.corner, no_wrap=bool(table.models) and widths is None, overflow="fold")
    for index, column in enumerate(table.columns):
        min_width = MIN_COLUMN if widths is None else widths[index]
        rich_table.add_column(_head(column, table), justify="right", min_width=min_width)
    for index, row in enumerate(table.rows):
        end = index + 1 < len(table.rows) and bool(table.rows[index + 1].kind.rule)
        rich_table.add_row(
            Text(_label(row), style="bold" if row.kind.summary else ""), *_cells(row, table), end_section=end
        )
    return rich_table


def _unbroken_widths(table: Table, width: int) -> list[int] | None:
    """Widths of the columns in which no name of a model is folded, if folded labels make room for them; else None."""
    if not table.models:
        return None
    widths = []
    for index, column in enumerate(table.columns):
        texts = [_head(column, table), *(_cells(row, table)[index] for row in table.rows)]
        widths.append(max(MIN_COLUMN, *(len(line) for text in texts for line in text.plain.split("\n"))))
    labels = max((len(_label(row)) for row in table.rows), default=0)
    space = width - sum(each + 3 for each in widths)
    return widths if max(widths) < space < labels else None


def _head(column: Column, table: Table) -> Text:
    label = column.label.replace("/", "/\n") if len(column.label) > 10 else column.label
    parts = [column.metric.label if column.metric and len(table.metrics) > 1 else "", label, column.detail]
    return Text("\n".join(part for part in parts if part), justify="right", overflow="fold")


def _label(row: Row) -> str:
    suffix = f" ({row.kind.suffix})" if row.kind.suffix else ""
    return f"{'  ' if row.kind.indent else ''}{row.label}{suffix}"


def _cells(row: Row, table: Table) -> list[Text]:
    return [_cell(cell, table, italic=row.kind.italic) for cell in row.cells]


def _cell(cell: Cell, table: Table, *, italic: bool = False) -> Text:
    style = "bold" if cell.strong else "italic" if italic else ""
    # Marks are before the number, so that the decimal points are aligned.
    text = Text(f"{cell.marks}{cell.text}", style=style)
    if table.metrics and cell.margin:
        # A margin is narrower than any number but 100: the decimal points remain aligned.
        text.append(f" {cell.margin:>6}", style="not bold not italic dim")
    elif table.metrics and table.show_intervals and math.isfinite(cell.value) and not cell.interval:
        text.append(f" {MISSING:>6}", style="not bold not italic dim")
    elif table.show_intervals and cell.interval:
        text.append(f"\n{'…'.join(cell.ends)}", style="not bold not italic dim")
    if cell.detail:
        text.append(f" {cell.detail}", style="dim")
    if cell.level is not None:
        for remark in cell.remarks:
            text.append(f"\n{remark}", style="dim")
    return text


def _print_notes(table: Table, console: Console) -> None:
    for note in table.notes:
        console.print(Text(note, style="bold yellow" if note == table.warning else ""))
