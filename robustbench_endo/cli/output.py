"""What commands print: results, progress, and a timing breakdown."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from robustbench_endo.cli.errors import FRAMES_FAILED
from robustbench_endo.cli.json_output import echo_json, run_summary
from robustbench_endo.cli.verbosity import is_quiet
from robustbench_endo.errors import OptionalDependencyError

if TYPE_CHECKING:
    from robustbench_endo.evaluation.profiler import Profiler
    from robustbench_endo.evaluation.run import ShardResult
    from robustbench_endo.evaluation.shard import Shard
    from robustbench_endo.results import Resampling, Results

log = logging.getLogger(__name__)


def show_results(results: Results, out: Path, formats: tuple[str, ...], as_json: bool = False) -> None:
    """Print the table, write the reports, and exit with code 3 when frames are excluded.

    Args:
        results: of a run.
        out: its folder.
        formats: of the reports.
        as_json: print a summary as JSON, and the rest on standard error.
    """
    from rich.console import Console

    from robustbench_endo.reports import print_table
    from robustbench_endo.reports.text.terminal import print_target_distortion

    console = Console(stderr=as_json)
    print_table(results, console)
    print_target_distortion(results, console)
    for note in () if is_quiet() else results.info["notes"]:
        console.print(note, highlight=False)
    paths = [out / "results.parquet", out / "summary.csv", *write_reports(results, out, formats)]
    log.debug("Written: %s", ", ".join(map(str, paths)))
    console.print("Written: " + ", ".join(str(path) for path in paths), soft_wrap=True, highlight=False)
    failures = results.info["failures"]
    if as_json:
        echo_json(run_summary(results, paths, FRAMES_FAILED if failures else 0))
    if failures:
        frames = len({failure["id"] for failure in failures})
        click.echo(
            f"{frames} of {results.info['data']['frames']} frames could not be used and are excluded; the first: "
            f"{failures[0]['id']}: {failures[0]['reason']} All are listed in {out / 'run.json'}.",
            err=True,
        )
        sys.exit(FRAMES_FAILED)


def write_reports(
    results: Results,
    folder: Path,
    formats: tuple[str, ...],
    intervals: bool | Resampling = False,
    page_size: str = "a4",
    intended_use: str = "",
) -> list[Path]:
    """Write reports; a PDF whose extra is missing is left out with a sentence that names it.

    A run of the paper's models on its data has the published numbers in its table.

    Raises:
        RobustEndoError: an unknown format.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not formats:
        return []
    from robustbench_endo.reports import write  # here, as it imports matplotlib
    from robustbench_endo.reproduction.published_numbers import published_for_run

    # The PDF last: what needs no extra is written in any case.
    ordered = sorted(formats, key=lambda name: name == "pdf")
    try:
        published = published_for_run(results)
        return write.write_reports(results, folder, ordered, intervals, page_size, published, intended_use)
    except OptionalDependencyError as error:
        click.echo(f"No PDF report: {error}", err=True)
        return [write.output_path(name, folder / "report") for name in ordered if name != "pdf"]


def show_shard(result: ShardResult, shard: Shard, out: Path, as_json: bool = False) -> None:
    """Print the state of a run, and the next step."""
    from robustbench_endo.evaluation.shard import shards_with

    present = result.chunks - len(result.missing)
    others = [str(each) for each in shards_with(result.missing, shard.of)]
    if as_json:
        state = {"shard": str(shard), "chunks": result.chunks, "present": present, "missing_shards": others}
        echo_json({**state, "run": str(out), "exit_code": 0})
        return
    click.echo(
        f"Shard {shard}: its {result.done} chunks are in {out}, which has {present} of the {result.chunks} chunks of "
        "the run."
    )
    if result.missing:
        click.echo(f"Missing here: shards {', '.join(others)}. When all are done: robust-endo merge {out}")
        click.echo("Shards with separate --out folders: robust-endo merge FOLDER FOLDER ... --out RUN")
    else:
        click.echo(f"All shards are done: robust-endo merge {out}")


def profiler_for(device: str) -> Profiler:
    """A profiler that waits for the GPU at the end of every phase, so that each phase has its own time."""
    import torch

    from robustbench_endo.evaluation.device import choose_device
    from robustbench_endo.evaluation.profiler import Profiler

    return Profiler(torch.cuda.synchronize) if choose_device(device).type == "cuda" else Profiler()


def print_profile(profiler: Profiler, on_stderr: bool = False) -> None:
    """Print the time of each phase, the idle time, and the ratio of the total to the forward passes."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from robustbench_endo.evaluation.profiler import PHASES

    console = Console(stderr=on_stderr)
    spent, total = profiler.phases(), profiler.seconds()["total"]
    capacity = max(total * profiler.lanes, sum(spent.values())) or 1.0
    rows = {phase: spent.get(phase, 0.0) for phase in PHASES}
    rows["idle"] = max(0.0, capacity - sum(rows.values()))
    title = f"Timing ({total:.1f} s, {profiler.lanes} threads)"
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left")
    table.add_column("Phase")
    table.add_column("Seconds", justify="right")
    table.add_column("Percentage", justify="right")
    for phase, seconds in rows.items():
        table.add_row(phase, f"{seconds:.1f}", f"{seconds / capacity:.0%}")
    console.print(table)
    if rows["forward"]:
        console.print(
            f"{capacity / rows['forward']:.2f} times the forward passes; idle includes loading and compilation.",
            highlight=False,
        )


def counted(count: int, noun: str) -> str:
    """``1 image``, ``3 images``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
