"""``robust-endo export``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from robustbench_endo.cli.command import argument, command, option
from robustbench_endo.cli.output_path import OutputPath

if TYPE_CHECKING:
    from robustbench_endo.models.export import Format

FORMATS = ("torch-export", "onnx")
"""As :data:`robustbench_endo.models.export.FORMATS`, without importing torch."""


def _size(context: click.Context, parameter: click.Parameter, text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if match is None:
        raise click.BadParameter(f"Expected HEIGHTxWIDTH in pixels, got {text!r}: write it as 224x224.")
    return int(match.group(1)), int(match.group(2))


@command(
    short="Write a model as a file that runs elsewhere.",
    examples=(
        "robust-endo export runs/mine --out mine.pt2",
        "robust-endo export runs/mine --format onnx --size 224x224 --out mine.onnx",
    ),
)
@argument("model", metavar="MODEL")
@option("--format", "name", default=FORMATS[0], type=click.Choice(FORMATS), help="onnx needs the extra `onnx`.")
@option("--out", "-o", metavar="FILE", required=True, type=OutputPath(dir_okay=False), help="File to write.")
@option("--size", metavar="HxW", callback=_size, help="HEIGHTxWIDTH of the frames.  [default: input size of the model]")
@option(
    "--num-classes",
    metavar="N",
    type=click.IntRange(1),
    help="Number of mask labels, if the model does not declare it.",
)
@option(
    "--trust-model-file",
    is_flag=True,
    help="Load a TorchScript or torch.export file without vetting it; it can then run any code.",
)
@option(
    "--num-activities",
    metavar="N",
    type=click.IntRange(1),
    help="Number of activities, if the model does not declare it.",
)
def export(
    model: str,
    name: str,
    out: Path,
    size: tuple[int, int] | None,
    num_classes: int | None,
    num_activities: int | None,
    trust_model_file: bool,
) -> None:
    """Write MODEL (as for evaluate --model) as one file that runs without this package, and check its outputs."""
    from robustbench_endo.models import SHIPPED, load_model
    from robustbench_endo.models.export import export as export_model

    weights = "pretrained" if model in SHIPPED else None
    loaded = load_model(model, num_classes, num_activities, weights, trust_model_file=trust_model_file)
    difference = export_model(loaded, out, cast("Format", name), size)
    click.echo(f"Written: {out}. Its logits differ from those of the model by at most {difference:.1g} of the largest.")
