"""What the command line says of a run, or of a part of it, that has ended."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from robustbench_endo.cli.group import FRAMES_LOST
from robustbench_endo.cli.report import write
from robustbench_endo.results import Results

if TYPE_CHECKING:
    from robustbench_endo.evaluation.evaluate import ShardDone
    from robustbench_endo.evaluation.shard import Shard


def show_results(results: Results, out: Path, formats: str) -> None:
    """Print the table, write the reports, and end with exit code 3 where frames are left out."""
    from robustbench_endo.reports.terminal.table import print_table

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
