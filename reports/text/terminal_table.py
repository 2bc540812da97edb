"""The table of the report in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from robustbench_endo.reports.data.estimates import DAGGER
from robustbench_endo.reports.data.metrics import heading, headline, metrics_present
from robustbench_endo.reports.data.table import Row, ScoreTable, score_table

if TYPE_CHECKING:
    from robustbench_endo.results import Bootstrap, Results

_CELL_WIDTH, _MARGIN_WIDTH = 13, 17


def print_table(
    results: Results,
    console: Console,
    metrics: Sequence[str] | None = None,
    intervals: bool | Bootstrap = False,
) -> None:
    """Print the table shaped like the paper's Table VII: clean first, category means, corruptions, the mean.

    The best model of each row is bold; an absent number is a dash. A table wider than the console is split by
    metric, then by models, so that no number is ever cut. Metrics without any number are left out. With intervals
    each number has half the width of its own beside it, and what was resampled stands below. A dagger marks what a
    model was trained on; the mean over the corruptions that none was trained on then has a row of its own.
    """
    wanted = headline(results) if metrics is None else metrics
    present = set(metrics_present(results))
    shown = [metric for metric in wanted if metric in present]
    if shown:
        table = score_table(results, shown, intervals)
        width = _MARGIN_WIDTH if intervals else _CELL_WIDTH
        names = max(len(_name(row)) for row in table.rows) + 2
        for part, models in _parts(shown, results.models, (console.width - names) // width):
            console.print(_rich(table.part(part, models)))
        if table.seen:
            console.print(Text(f"{DAGGER}: the model was trained on it, or on a part of it: no robustness there."))
        if table.intervals:
            console.print(Text(f"±: half the width of the interval. {table.intervals}"))
        if table.warning:
            console.print(Text(table.warning, style="bold yellow"))
    else:
        console.print(Text(f"No numbers: neither masks nor activities were scored ({', '.join(wanted)})."))


def _parts(metrics: Sequence[str], models: Sequence[str], room: int) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    room = max(1, room)
    if metrics and len(metrics) * len(models) <= room:
        yield metrics, models
        return
    for metric in metrics:
        for start in range(0, len(models), room):
            yield [metric], models[start : start + room]


def _rich(table: ScoreTable) -> Table:
    names = ", ".join(heading(metric) for metric in table.metrics)
    several = len(table.metrics) > 1
    drawn = Table(title=Text(names, style="bold"), title_justify="left", pad_edge=False, show_edge=False)
    drawn.add_column("Corruption", no_wrap=True)
    for column in table.columns:
        model = column.model.replace("/", "/\n") if len(column.model) > 10 else column.model
        name = f"{column.metric.label}\n{model}" if several else model
        head = Text(name, justify="right", overflow="fold")
        drawn.add_column(head, justify="right", min_width=7)
    for index, row in enumerate(table.rows):
        following = table.rows[index + 1].kind if index + 1 < len(table.rows) else "clean"
        drawn.add_row(*_texts(row), end_section=following in ("category", "mean"))
    return drawn


def _name(row: Row) -> str:
    indent = "  " if row.kind == "corruption" else ""
    return f"{row.label} (mean)" if row.kind == "category" else indent + row.label


def _texts(row: Row) -> list[Text]:
    single = row.kind == "corruption"
    first = Text(_name(row), style="" if single else "bold")
    plain = "" if single else "italic"
    # Before the number, as in HTML and PDF: the points stay below each other.
    numbers = (
        Text(f"{DAGGER if cell.seen else ''}{cell.text}", style="bold" if cell.best else plain) for cell in row.cells
    )
    return [first, *(_beside(text, cell.margin) for text, cell in zip(numbers, row.cells, strict=True))]


def _beside(text: Text, margin: str) -> Text:
    # A margin is narrower than any number but 100: aligned, the points of the numbers stay below each other.
    return Text.assemble(text, Text(f" {margin:>6}", style="not bold not italic dim")) if margin else text
