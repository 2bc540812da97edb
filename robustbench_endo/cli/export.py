"""``robust-endo export``."""

from __future__ import annotations

import re
from pathlib import Path

import click

from robustbench_endo.models.export import FORMATS, Format


def _size(context: click.Context, parameter: click.Parameter, text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if match is None:
        raise click.BadParameter(f"Expected HEIGHTxWIDTH in pixels, got {text!r}: write it as 224x224.")
    return int(match.group(1)), int(match.group(2))


@click.command()
@click.argument("model")
@click.option("--format", "form", default=FORMATS[0], type=click.Choice(FORMATS), help="onnx needs the extra `onnx`.")
@click.option("--out", "-o", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@click.option("--size", callback=_size, help="HEIGHTxWIDTH of the frames; by default the model's own input size.")
@click.option("--num-classes", type=click.IntRange(1), help="Mask labels, where the model does not know them.")
@click.option("--num-activities", type=click.IntRange(1), help="Activities, where the model does not know them.")
def export(
    model: str,
    form: Format,
    out: Path,
    size: tuple[int, int] | None,
    num_classes: int | None,
    num_activities: int | None,
) -> None:
    """Write MODEL (as for evaluate --model) as one file that runs without this package, and check its answers."""
    from robustbench_endo.models import SHIPPED, load_model
    from robustbench_endo.models.export import export as write

    loaded = load_model(model, num_classes, num_activities, weights="pretrained" if model in SHIPPED else None)
    difference = write(loaded, out, form, size)
    click.echo(f"Wrote {out}: its logits differ from the model's by at most {difference:.1g} of the largest.")
