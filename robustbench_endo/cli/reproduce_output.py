"""Output of ``robust-endo reproduce``: the plan, the progress, the table and its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pandas as pd
from rich.console import Console
from rich.table import Table

from robustbench_endo.cli.progress import progress_bar
from robustbench_endo.io_utils import writable_folder, write_atomically
from robustbench_endo.results import combine_runs

if TYPE_CHECKING:
    from robustbench_endo.reproduction.experiments import Cell, Grid
    from robustbench_endo.reproduction.runner import CellResult, ExperimentRunner

CellResults = Mapping[tuple["Cell", str], "CellResult"]


def print_plan(grid: Grid, runner: ExperimentRunner, facts: Sequence[str]) -> None:
    """Print the data, the state and estimated duration of each cell, and the total."""
    from robustbench_endo.reproduction.cost_estimate import (
        CONDITIONS,
        LABEL,
        PASSES,
        estimate,
        format_duration,
        speed_of,
    )
    from robustbench_endo.reproduction.training import is_finished, read_cell

    console = Console()
    for line in (*facts, *runner.scale.notes, *grid.remarks):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    speed = speed_of(runner.device)
    conditions = CONDITIONS.get(grid.kind, 1)
    table = Table(title=grid.title, title_justify="left", pad_edge=False, show_edge=False)
    for name in ("Network", "Data", "State", "Training", "Evaluation"):
        table.add_column(name, overflow="fold", justify="right" if name in ("Training", "Evaluation") else "left")
    total = 0.0
    for (cell, test_data), seed in product(grid.runs, runner.seeds):
        substitute, settings = runner.scale.substitute(cell), runner.scale.settings(cell)
        frames, test = (len(runner.frames(*part)) for part in ((cell.data, "train"), (test_data, "test")))
        cost = estimate(substitute, settings, frames, min(test, runner.limit or test), conditions, speed)
        folder = runner.folder(cell, seed)
        trained = is_finished(folder)
        state = "trained" if trained else "started" if read_cell(folder) else "to train"
        training = 0.0 if trained else cost.training
        total += training + cost.evaluation
        data = cell.data if cell.data == test_data else f"{cell.data}, evaluated on {test_data}"
        label = f"{substitute.label}, seed {seed}" if runner.num_seeds > 1 else substitute.label
        table.add_row(label, data, state, format_duration(training), format_duration(cost.evaluation))
    console.print(table)
    explanation = LABEL.format(speed=speed, passes=PASSES["both"])
    console.print(
        f"About {format_duration(total)} in total on {runner.device}. {explanation}", highlight=False, soft_wrap=True
    )


def seed_notes(grid: Grid, runner: ExperimentRunner) -> list[str]:
    """What a number of several trainings means; nothing for one."""
    if runner.num_seeds == 1:
        return []
    seeds = ", ".join(map(str, runner.seeds))
    notes = [
        f"Mean ± standard deviation (n - 1) over n = {runner.num_seeds} trainings with the seeds {seeds}, evaluated on "
        "the same corrupted frames. It describes the spread of trainings; it is not a confidence interval."
    ]
    return [*notes, f"The figure shows the seed {runner.seeds[0]}."] if grid.name.startswith("figure") else notes


def show_table(
    grid: Grid, frame: pd.DataFrame, outcomes: CellResults, notes: Sequence[str], folder: Path, formats: Sequence[str]
) -> None:
    """Print the table and write its files."""
    from robustbench_endo.reports.reproduction.table import PaperTable, print_paper_table

    table = PaperTable(grid.title, grid.keys, frame, tuple(notes))
    print_paper_table(table, Console())
    writable_folder(folder)
    files = _files(grid, table, outcomes, formats)
    for name, content in files.items():
        write_atomically(folder / name, content)
    click.echo("Written: " + ", ".join(str(folder / name) for name in files) if files else "Nothing written.")


def _files(grid: Grid, table: object, outcomes: CellResults, formats: Sequence[str]) -> dict[str, bytes]:
    """Name of a file -> its content."""
    from robustbench_endo.reports.reproduction.page import paper_html, paper_latex
    from robustbench_endo.reports.reproduction.table import PaperTable

    assert isinstance(table, PaperTable)
    figures = _figures(grid, outcomes)
    files = {f"{grid.name}{suffix}": content for suffix, content in figures.items()}
    if "csv" in formats:
        with_notes = table.frame.assign(notes=" ".join(table.notes))
        files[f"{grid.name}.csv"] = with_notes.to_csv(index=False, float_format="%.6g").encode()
    if "latex" in formats:
        files[f"{grid.name}.tex"] = paper_latex(table).encode()
    if "html" in formats:
        drawings = {
            name.strip("_")[:-4]: content.decode() for name, content in figures.items() if name.endswith(".svg")
        }
        files[f"{grid.name}.html"] = paper_html(table, drawings).encode()
    return files


def _figures(grid: Grid, outcomes: CellResults) -> dict[str, bytes]:
    """Suffix -> file of the figure; empty for a table."""
    from robustbench_endo.reports.reproduction.figures import curve_figures, figure_files, mask_figure, rename_model

    runs = {key: outcome.results["standard"] for key, outcome in outcomes.items() if "standard" in outcome.results}
    if not runs or not grid.name.startswith("figure"):
        return {}
    if grid.name == "figure5":
        return figure_files({"": mask_figure(list(runs.values()))})
    names = {row.cell: row.labels["model"] for row in grid.rows}
    named = [rename_model(run, names[cell]) for (cell, _), run in runs.items()]
    return figure_files(curve_figures(combine_runs(named)))


@contextmanager
def cell_progress(grid: Grid) -> Iterator[Callable[[str, int, int], None]]:
    """Progress of the running cell, on standard error."""
    with progress_bar(grid.title, "steps") as advance:
        yield lambda what, done, total: advance(done, total, label=what)
