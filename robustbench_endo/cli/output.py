"""What the command line says of a run, or of a part of it, that has ended."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from robustbench_endo.cli.errors import FRAMES_LOST
from robustbench_endo.cli.report import write
from robustbench_endo.results import Results

if TYPE_CHECKING:
    from robustbench_endo.evaluation.profiler import Clock
    from robustbench_endo.evaluation.run import ShardDone
    from robustbench_endo.evaluation.shard import Shard


def show_results(results: Results, out: Path, formats: str) -> None:
    """Print the table, write the reports, and end with exit code 3 where frames are left out."""
    from robustbench_endo.reports.text.terminal_table import print_table

    console = Console()
    print_table(results, console)
    for note in results.info["notes"]:
        console.print(note, highlight=False)
    written = [out / "results.parquet", out / "summary.csv", *write(results, out, formats)]
    console.print("Written: " + ", ".join(str(path) for path in written), soft_wrap=True, highlight=False)
    lost = results.info["failures"]
    if lost:
        frames = len({failure["id"] for failure in lost})
        click.echo(
            f"{frames} of {results.info['data']['frames']} frames could not be used and are left out; the first: "
            f"{lost[0]['id']}: {lost[0]['reason']} All are listed in {out / 'run.json'}.",
            err=True,
        )
        sys.exit(FRAMES_LOST)


def show_shard(done: ShardDone, shard: Shard, out: Path) -> None:
    """Print what there is of the run, and what to do next."""
    from robustbench_endo.evaluation.shard import shards_with

    there = done.chunks - len(done.missing)
    click.echo(f"Shard {shard}: its {done.mine} chunks are in {out}; of the run {there} of {done.chunks} are there.")
    if done.missing:
        others = ", ".join(map(str, shards_with(done.missing, shard.of)))
        click.echo(f"Missing here: shards {others}. When all are done: robust-endo merge {out}")
        click.echo("Shards with an --out of their own: robust-endo merge FOLDER FOLDER ... --out RUN")
    else:
        click.echo(f"All shards are done: robust-endo merge {out}")


@contextmanager
def progress_bar(label: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function to be called with (done, total)."""
    columns = (
        TextColumn(label),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def profiling_clock(device: str) -> Clock:
    """A clock that waits for the GPU at the end of every phase, so that each is charged with its own work."""
    import torch

    from robustbench_endo.evaluation import choose_device
    from robustbench_endo.evaluation.profiler import Clock

    return Clock(torch.cuda.synchronize) if choose_device(device).type == "cuda" else Clock()


def print_profile(clock: Clock, console: Console) -> None:
    """A row a phase, the idle time, and how much longer all took than the forward passes alone."""
    from robustbench_endo.evaluation.profiler import PHASES

    spent, total = clock.phases(), clock.seconds()["total"]
    whole = total * clock.lanes
    rows = {phase: spent.get(phase, 0.0) for phase in PHASES}
    rows["idle"] = max(0.0, whole - sum(rows.values()))
    table = Table(
        box=box.SIMPLE_HEAD, title=f"Where {total:.1f} s x {clock.lanes} at a time went", title_justify="left"
    )
    table.add_column("Phase")
    table.add_column("Seconds", justify="right")
    table.add_column("Share", justify="right")
    for phase, seconds in rows.items():
        table.add_row(phase, f"{seconds:.1f}", f"{seconds / whole:.0%}")
    console.print(table)
    if rows["forward"]:
        said = f"{whole / rows['forward']:.2f} times the forward passes alone"
        console.print(f"{said}; idle includes loading, merging and the start of compiled code.", highlight=False)
