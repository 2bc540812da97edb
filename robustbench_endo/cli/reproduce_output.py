"""What ``robust-endo reproduce`` shows and writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from robustbench_endo.cli.options import writable_folder
from robustbench_endo.results import merged

if TYPE_CHECKING:
    from robustbench_endo.reproduction.experiments import Cell, Grid
    from robustbench_endo.reproduction.runner import CellResult, ExperimentRunner

CellResults = Mapping[tuple["Cell", str], "CellResult"]


def plan(grid: Grid, workshop: ExperimentRunner, facts: Sequence[str]) -> None:
    """Print the data, a line a cell with what is left to do and how long that may take, and the sum."""
    from robustbench_endo.reproduction.cost_estimate import CONDITIONS, LABEL, PASSES, estimate, speed_of, told
    from robustbench_endo.reproduction.training import read_cell

    console = Console()
    for line in (*facts, *workshop.scale.notes, *grid.remarks):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    speed = speed_of(workshop.device)
    conditions = CONDITIONS.get(grid.kind, 2)
    table = Table(title=grid.title, title_justify="left", pad_edge=False, show_edge=False)
    for name in ("Network", "Data", "State", "Training", "Judging"):
        table.add_column(name, overflow="fold", justify="right" if name in ("Training", "Judging") else "left")
    whole = 0.0
    for cell, judged in grid.jobs:
        made, settings = workshop.scale.made(cell), workshop.scale.settings(cell)
        frames, test = (len(workshop.frames(*place)) for place in ((cell.data, "train"), (judged, "test")))
        cost = estimate(made, settings, frames, min(test, workshop.limit or test), conditions, speed)
        before = read_cell(workshop.folder(cell))
        trained = bool(before and before["finished"])
        state = "trained" if trained else "begun" if before else "to train"
        training = 0.0 if trained else cost.training
        whole += training + cost.judging
        where = cell.data if cell.data == judged else f"{cell.data}, judged on {judged}"
        table.add_row(made.label, where, state, told(training), told(cost.judging))
    console.print(table)
    told_speed = LABEL.format(speed=speed, passes=PASSES["both"])
    console.print(f"About {told(whole)} in all on {workshop.device}. {told_speed}", highlight=False, soft_wrap=True)


def show(
    grid: Grid, frame: pd.DataFrame, outcomes: CellResults, notes: Sequence[str], folder: Path, formats: Sequence[str]
) -> None:
    """Print the table, and write the files of it."""
    from robustbench_endo.reports.reproduction.table import PaperTable, print_paper_table

    table = PaperTable(grid.title, grid.keys, frame, tuple(notes))
    print_paper_table(table, Console())
    writable_folder(folder)
    files = _files(grid, table, outcomes, formats)
    for name, content in files.items():
        _write(folder / name, content)
    click.echo("Written: " + ", ".join(str(folder / name) for name in files) if files else "Nothing written.")


def _files(grid: Grid, table: object, outcomes: CellResults, formats: Sequence[str]) -> dict[str, bytes]:
    """Name of a file -> its content."""
    from robustbench_endo.reports.reproduction.page import paper_html, paper_latex
    from robustbench_endo.reports.reproduction.table import PaperTable

    assert isinstance(table, PaperTable)
    drawings = _drawings(grid, outcomes)
    files = {f"{grid.name}{suffix}": content for suffix, content in drawings.items()}
    if "csv" in formats:
        noted = table.frame.assign(notes=" ".join(table.notes))
        files[f"{grid.name}.csv"] = noted.to_csv(index=False, float_format="%.6g").encode()
    if "latex" in formats:
        files[f"{grid.name}.tex"] = paper_latex(table).encode()
    if "html" in formats:
        vector = {name.strip("_")[:-4]: content.decode() for name, content in drawings.items() if name.endswith(".svg")}
        files[f"{grid.name}.html"] = paper_html(table, vector).encode()
    return files


def _drawings(grid: Grid, outcomes: CellResults) -> dict[str, bytes]:
    """Ending -> the figure's file; empty for a table."""
    from robustbench_endo.reports.reproduction.figures import curves_of, drawn, masks_of, renamed

    runs = {job: outcome.results["standard"] for job, outcome in outcomes.items() if "standard" in outcome.results}
    if not runs or not grid.name.startswith("figure"):
        return {}
    if grid.name == "figure5":
        return drawn({"": masks_of(list(runs.values()))})
    names = {row.cell: row.labels["model"] for row in grid.rows}
    named = [renamed(run, names[cell]) for (cell, _), run in runs.items()]
    return drawn(curves_of(merged(named)))


def _write(path: Path, content: bytes) -> None:
    from robustbench_endo.results.io import write_whole

    write_whole(path, lambda file: file.write(content))


@contextmanager
def telling(grid: Grid) -> Iterator[Callable[[str, int, int], None]]:
    """A line for the running cell, on standard error."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(grid.title, total=None)

        def tell(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        yield tell
