"""``robust-endo evaluate``."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from click.core import ParameterSource
from rich.console import Console

from robustbench_endo.cli.group import FRAMES_LOST, INTERRUPTED
from robustbench_endo.cli.loading import load_models_and_data
from robustbench_endo.cli.options import (
    computing_options,
    corruption_options,
    data_options,
    names,
    resolution,
    severities,
)
from robustbench_endo.cli.profile import print_profile, profiling_clock
from robustbench_endo.cli.progress import progress_bar
from robustbench_endo.cli.report import FORMATS, checked_formats, write
from robustbench_endo.results import Results


@click.command()
@click.option(
    "--model",
    "-m",
    "specs",
    multiple=True,
    help="Repeatable: a name, a checkpoint folder, file.py:factory, pkg.module:factory, a TorchScript, torch.export or "
    "ONNX file, smp:..., hf:...; #FILE.toml after it says how its answers are read; NAME=SPEC names its column. "
    "[default: the three shipped ones]",
)
@data_options
@corruption_options
@click.option(
    "--protocol",
    default="standard",
    help="standard, or paper: the authors' suite, size and metric definitions, for comparison with their tables.",
)
@click.option("--severity", "-s", default="1-5", help="Severities, such as 1-5 or 1,3,5.")
@click.option("--limit", "-n", type=int, help="Evaluate at most this many frames, spread evenly.")
@computing_options
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
    protocol: str,
    severity: str,
    suite: str,
    backend: str,
    size: str | None,
    limit: int | None,
    seed: int,
    device: str,
    precision: str,
    batch_size: int | None,
    compiled: bool,
    profile: bool,
    out: Path,
    notes: tuple[str, ...],
    formats: str,
) -> None:
    """Evaluate models under corruptions and write table, records and report.

    With no option: three small shipped models on synthetic surgical scenes, all 19 corruptions at 5 severities.
    """
    from robustbench_endo import api
    from robustbench_endo.corruptions import select
    from robustbench_endo.evaluation.protocol import suite_of
    from robustbench_endo.evaluation.real import parted

    # What can be refused is refused before the models are loaded.
    wanted, chosen_size = severities(severity), resolution(size)
    checked_formats(formats)
    given = click.get_current_context().get_parameter_source("suite") is not ParameterSource.DEFAULT
    suite = suite_of(protocol, suite if given else None, backend, chosen_size)
    select(suite, parted(corruption).synthetic or "all", backend)
    clock = profiling_clock(device) if profile else None
    models, dataset = load_models_and_data(specs, data, split, names(classes), group_regex)
    try:
        with progress_bar("Evaluating", "frames x conditions") as advance:
            results = api.evaluate(
                models,
                dataset,
                corruption,
                wanted,
                out,
                protocol=protocol,
                suite=suite,
                backend=backend,
                resolution=chosen_size,
                seed=seed,
                device=device,
                precision=precision,
                batch_size=batch_size,
                compiled=compiled,
                limit=limit,
                notes=notes,
                progress=advance,
                clock=clock,
            )
    except KeyboardInterrupt:
        click.echo(f"Interrupted: what is finished is kept in {out}; the same command goes on from there.", err=True)
        sys.exit(INTERRUPTED)
    if clock is not None:
        print_profile(clock, Console())
    _show(results, out, formats)


def _show(results: Results, out: Path, formats: str) -> None:
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
