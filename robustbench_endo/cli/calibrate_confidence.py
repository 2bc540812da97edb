"""``robust-endo calibrate-confidence``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from robustbench_endo.cli.command import command, option
from robustbench_endo.cli.config_options import config_from_params, field_options
from robustbench_endo.cli.json_output import echo_json, json_option
from robustbench_endo.cli.output_path import OutputPath
from robustbench_endo.cli.verbosity import echo_note, verbosity_options
from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation.config import EvaluationConfig

if TYPE_CHECKING:
    from robustbench_endo.confidence.calibration import Calibration

_OPTIONS = (
    *("trust_model_file", "data", "classes", "label_map", "subject_regex", "assume_independent_frames", "limit"),
    *("suite", "resolution", "region", "device", "precision", "batch_size"),
)


@command(
    "calibrate-confidence",
    short="Fit temperatures and prediction sets of a model.",
    examples=("robust-endo calibrate-confidence -m runs/mine -d data/val -o calibration.json",),
)
@option("--model", "-m", "spec", metavar="SPEC", required=True, help="Model as in robust-endo evaluate.", group="Model")
@field_options(EvaluationConfig, _OPTIONS)
@option("--split", metavar="NAME", help="Sub-folder or split.  [default: val where there are splits]", group="Data")
@option(
    "--alpha",
    type=float,
    default=0.1,
    metavar="X",
    help="The promise: expected loss of a prediction set, such as 0.1 for 10 %.",
    group="Promise",
)
@option(
    "--unit",
    type=click.Choice(("subject", "frame")),
    default="subject",
    help="What is exchangeable: subject (patient or sequence), or frame, which holds only for independent frames.",
    group="Promise",
)
@option("--out", "-o", type=OutputPath(), required=True, metavar="FILE", help="JSON to write.", group="Output")
@json_option
@verbosity_options
def calibrate_confidence(
    spec: str, split: str | None, alpha: float, unit: str, out: Path, as_json: bool, **params: Any
) -> None:
    """Fit temperatures and prediction sets of one model on clean validation frames.

    A temperature per task makes probabilities match how often they are right. A prediction set holds every label with
    enough probability; for patients like those of the validation data its expected loss is at most alpha: the share of
    a frame's foreground pixels whose class is not in the set, or that the label is not in the set. Evaluate other
    frames with --calibration FILE to see at which severity the promise breaks.
    """
    if out.is_dir() or not out.parent.is_dir():
        got = f"the folder {out}" if out.is_dir() else f"a file in {out.parent}, which does not exist"
        raise RobustEndoError(f"Expected a file to write for --out, got {got}: name a file in a folder that exists.")
    if out.is_file() and out.suffix != ".json":  # such as the model
        raise RobustEndoError(f"Expected a new file or one ending in .json for --out, got {out}: name a .json file.")
    echo_note("Loading model and data.")  # before imports that take seconds

    from robustbench_endo.cli.resolve_inputs import load_models_and_data
    from robustbench_endo.confidence.fit import UNUSED, fit_calibration
    from robustbench_endo.data.registry import is_divided
    from robustbench_endo.evaluation.plan import build_plan

    config = replace(config_from_params(EvaluationConfig, params), corruptions="clean", severities=(1,), out=UNUSED)
    models, dataset = load_models_and_data(
        (spec,),
        config.data,
        split or ("val" if is_divided(config.data) else None),
        config.classes,
        config.subject_regex,
        label_map=config.label_map,
        assume_independent_frames=config.assume_independent_frames,
        trust_model_file=config.trust_model_file,
    )
    echo_note(f"Calibrating on {dataset.name}.")
    calibration = fit_calibration(build_plan(config, models, dataset), alpha, unit)
    calibration.save(out)
    if as_json:
        echo_json({"file": str(out), "sha256": calibration.sha256, **_numbers(calibration)})
    else:
        _print(calibration, out)


def _numbers(calibration: Calibration) -> dict[str, Any]:
    content = calibration.to_json()
    return {key: content[key] for key in ("alpha", "unit", "tasks")}


def _print(calibration: Calibration, out: Path) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    headings = ("T", "NLL", "ECE %", "Threshold", "Risk %", "Set size", f"{calibration.unit}s".capitalize())
    columns = (Column(name, justify="right", no_wrap=True) for name in headings)
    table = Table(Column("Task", no_wrap=True), *columns, box=None, pad_edge=False)
    for name, task in calibration.tasks.items():
        table.add_row(
            name,
            f"{task.temperature:.3f}",
            f"{task.nll_before:.3f} → {task.nll_after:.3f}",
            f"{100 * task.ece_before:.2f} → {100 * task.ece_after:.2f}",
            f"{task.threshold:.4g}",
            f"{100 * task.risk:.2f}",
            f"{task.set_size:.2f}",
            str(task.units),
        )
    Console(width=100).print(table)
    _print_promise(calibration)
    click.echo(f"Written: {out}")


def _print_promise(calibration: Calibration) -> None:
    whom = "patient" if calibration.unit == "subject" else "frame, if frames are independent"
    click.echo(
        f"Promise: expected loss of at most {calibration.alpha:g} for a further {whom}, on clean data like these."
    )
