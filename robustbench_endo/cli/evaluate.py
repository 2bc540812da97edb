"""``robust-endo evaluate``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from rich.console import Console

from robustbench_endo.cli.errors import INTERRUPTED
from robustbench_endo.cli.options import (
    computing_options,
    corruption_options,
    data_options,
    engine_options,
    names,
    resolution,
    severities,
)
from robustbench_endo.cli.output import print_profile, profiling_clock, progress_bar, show_results, show_shard
from robustbench_endo.cli.report import FORMATS, checked_formats
from robustbench_endo.cli.resolve_inputs import load_models_and_data


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
    help="standard, or endoarss: the authors' suite, size and metric definitions, for comparison with their tables.",
)
@click.option("--severity", "-s", default="1-5", help="Severities, such as 1-5 or 1,3,5.")
@click.option("--limit", "-n", type=int, help="Evaluate at most this many frames, spread evenly.")
@computing_options
@engine_options
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
    subject_regex: str | None,
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
    engine: str,
    address: str | None,
    shard: str | None,
    out: Path,
    notes: tuple[str, ...],
    formats: str,
) -> None:
    """Evaluate models under corruptions and write table, records and report.

    With no option: three small shipped models on synthetic surgical scenes, all 19 corruptions at 5 severities.
    The clean frames always run; --corruption clean runs them alone.
    """
    from robustbench_endo import api
    from robustbench_endo.corruptions import select
    from robustbench_endo.evaluation.engines import choose_engine
    from robustbench_endo.evaluation.protocol import suite_of
    from robustbench_endo.evaluation.recorded import parted
    from robustbench_endo.evaluation.shard import parse_shard

    # What can be refused is refused before the models are loaded.
    wanted, chosen_size = severities(severity), resolution(size)
    checked_formats(formats)
    part = None if shard is None else parse_shard(shard)
    computing = choose_engine(engine, address, debug=click.get_current_context().find_root().params["debug"])
    given = click.get_current_context().get_parameter_source("suite") is not ParameterSource.DEFAULT
    suite = suite_of(protocol, suite if given else None, backend, chosen_size)
    select(suite, parted(corruption).synthetic or "all", backend)
    clock = profiling_clock(device) if profile else None
    models, dataset = load_models_and_data(specs, data, split, names(classes), subject_regex)
    options: dict[str, Any] = {
        "protocol": protocol,
        "suite": suite,
        "backend": backend,
        "resolution": chosen_size,
        "seed": seed,
        "device": device,
        "precision": precision,
        "batch_size": batch_size,
        "compiled": compiled,
        "limit": limit,
        "notes": notes,
    }
    try:
        with progress_bar("Evaluating", "frames x conditions") as advance:
            told = {"out": out, "progress": advance, "clock": clock, "engine": computing, **options}
            if part is not None:
                done = api.evaluate_shard(str(part), models, dataset, corruption, wanted, **told)
            else:
                results = api.evaluate(models, dataset, corruption, wanted, **told)
    except KeyboardInterrupt:
        click.echo(f"Interrupted: what is finished is kept in {out}; the same command goes on from there.", err=True)
        sys.exit(INTERRUPTED)
    if clock is not None:
        print_profile(clock, Console())
    if part is not None:
        show_shard(done, part, out)
    else:
        show_results(results, out, formats)
