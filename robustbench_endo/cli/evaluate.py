"""``robust-endo evaluate``."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from robustbench_endo.cli.group import INTERRUPTED
from robustbench_endo.cli.loading import load_models_and_data
from robustbench_endo.cli.options import data_options, names, resolution, severities
from robustbench_endo.cli.progress import progress_bar
from robustbench_endo.cli.report import FORMATS, write
from robustbench_endo.results import Results

FRAMES_LOST = 3
"""Exit code of a run that is complete but for frames that could not be used."""


@click.command()
@click.option(
    "--model",
    "-m",
    "specs",
    multiple=True,
    help="Repeatable: a name, a checkpoint folder, pkg.module:factory or file.py:factory; NAME=SPEC names its "
    "column. [default: the three shipped ones]",
)
@data_options
@click.option(
    "--corruption",
    "-c",
    default="all",
    help="all, a group (noise, blur, occlusion, digital), or names separated by commas.",
)
@click.option("--severity", "-s", default="1-5", help="Severities, such as 1-5 or 1,3,5.")
@click.option("--suite", default="endo19", help="endo19, paper, imagenet-c, or a TOML file.")
@click.option("--resolution", "size", help="native, a short side in px, or HxW. [default: the suite's]")
@click.option("--limit", "-n", type=int, help="Evaluate at most this many frames, spread evenly.")
@click.option("--seed", default=0, type=int, help="Seed of all randomness in the corruptions.")
@click.option("--device", default="auto", help="auto, cpu, cuda, cuda:1, ...")
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path),
    default=Path("runs/evaluate"),
    help="Run folder; an interrupted run there is resumed.",
)
@click.option("--note", "notes", multiple=True, help="A sentence that the report shows, repeatable.")
@click.option("--format", "formats", default="html,pdf", help=f"Reports to write: {', '.join(FORMATS)}, or none.")
def evaluate(
    specs: tuple[str, ...],
    data: str,
    split: str | None,
    classes: str | None,
    group_regex: str | None,
    corruption: str,
    severity: str,
    suite: str,
    size: str | None,
    limit: int | None,
    seed: int,
    device: str,
    out: Path,
    notes: tuple[str, ...],
    formats: str,
) -> None:
    """Evaluate models under corruptions and write table, records and report.

    With no option: three small shipped models on synthetic surgical scenes, all 19 corruptions at 5 severities.
    """
    from robustbench_endo import api

    wanted = severities(severity)
    models, dataset = load_models_and_data(specs, data, split, names(classes), group_regex)
    try:
        with progress_bar("Evaluating", "frames x conditions") as advance:
            results = api.evaluate(
                models,
                dataset,
                corruption,
                wanted,
                out,
                suite=suite,
                resolution=resolution(size),
                seed=seed,
                device=device,
                limit=limit,
                notes=notes,
                progress=advance,
            )
    except KeyboardInterrupt:
        click.echo(f"Interrupted: what is finished is kept in {out}; the same command goes on from there.", err=True)
        sys.exit(INTERRUPTED)
    _show(results, out, formats)


def _show(results: Results, out: Path, formats: str) -> None:
    from robustbench_endo.reports.terminal import print_table

    console = Console()
    print_table(results, console)
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
