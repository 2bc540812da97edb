"""``robust-endo synthesize``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from robustbench_endo.cli.errors import INTERRUPTED
from robustbench_endo.cli.options import names, resolution
from robustbench_endo.errors import RobustEndoError

if TYPE_CHECKING:
    from robustbench_endo.types import Dataset


@click.command()
@click.option("--background", "-b", required=True, help="A picture of tissue, a folder of frames, or a data set.")
@click.option("--instruments", "-i", required=True, help="Folder of frames with masks, or the name of a dataset.")
@click.option("--out", "-o", required=True, type=click.Path(path_type=Path), help="Folder to write; resumed if begun.")
@click.option("--count", "-n", default=100, type=click.IntRange(1), help="Pictures.")
@click.option("--seed", default=0, type=click.IntRange(0), help="Of everything.")
@click.option("--size", help="HxW of the pictures. [default: of the first instrument frame]")
@click.option("--max-instruments", default=2, type=click.IntRange(1), help="1 to this many in a picture.")
@click.option(
    "--activity",
    type=click.Choice(["auto", "source", "count", "none"]),
    default="auto",
    help="source: the instruments' own; count: 1 = one instrument, 2 = two or more; auto: source where there is one.",
)
@click.option(
    "--labels",
    type=click.Choice(["auto", "parts", "types"]),
    default="auto",
    help="Labels are parts of one instrument (touching ones stay together), or types of instruments.",
)
@click.option("--instrument-labels", help="Labels or class names that are instruments. [default: all but 0]")
@click.option("--scales", default="0.75,1.35", help="Smallest and largest scale of an instrument.")
@click.option("--limit-instruments", type=click.IntRange(1), help="Instrument frames to use. [default: all]")
@click.option("--limit-backgrounds", type=click.IntRange(1), help="Background frames to use. [default: all]")
@click.option("--allow-floating", is_flag=True, help="Also instruments that the border does not cut.")
@click.option("--within-subjects", is_flag=True, help="Instruments come from the background's own patient or sequence.")
@click.option("--split", help="Sub-folder or split of the instruments. [default: train where there is one]")
@click.option("--classes", help="Names of the mask labels, background first, separated by commas.")
@click.option("--subject-regex", help="Regular expression for the patient or sequence in a frame's path.")
def synthesize(
    background: str,
    instruments: str,
    out: Path,
    count: int,
    size: str | None,
    instrument_labels: str | None,
    scales: str,
    limit_instruments: int | None,
    split: str | None,
    classes: str | None,
    subject_regex: str | None,
    **plain: Any,
) -> None:
    """Write training pictures: instruments of some frames on the tissue of others.

    Instruments are cut out along their masks and enter the picture from its border as real ones do. A background with
    masks has its own instruments painted over first. OUT is a folder for train --data; masks and activities are in it,
    and synthesis.json says what each picture is made of.
    """
    from robustbench_endo.cli.resolve_inputs import load_data, training_split
    from robustbench_endo.synthesis import OnePicture, SynthesisConfig
    from robustbench_endo.synthesis import synthesize as run

    named = names(classes)
    tools = load_data(instruments, training_split(instruments, split), named, subject_regex)
    tissue: Dataset
    regex_of_tissue = subject_regex if plain["within_subjects"] else None  # else nobody asks for the tissue's subject
    if Path(background).is_file():
        tissue = OnePicture(Path(background), regex_of_tissue)
    else:
        tissue = load_data(background, training_split(background, None), named, regex_of_tissue)
    settings = SynthesisConfig(
        size=_size(size),
        instruments=_labels(instrument_labels, tools.classes),
        scales=_scales(scales),
        limit=limit_instruments,
        **plain,
    )
    try:
        done = run(tissue, tools, out, count, settings, _Lines())
    except KeyboardInterrupt:
        click.echo(f"Interrupted: what is finished is kept in {out}; the same command goes on from there.", err=True)
        sys.exit(INTERRUPTED)
    click.echo(
        f"Written: {_counted(done.pictures, 'picture')} ({done.made} of them now) in {done.folder}, from "
        f"{_counted(done.cutouts, 'instrument')} ({done.left_out} could not be used) and "
        f"{_counted(done.backgrounds, 'background')}."
    )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


_TEXTS = {"instruments": "Cutting out", "backgrounds": "Reading", "pictures": "Making"}


class _Lines:
    """A line on standard error whenever another kind of work begins."""

    def __init__(self) -> None:
        self._shown = ""

    def __call__(self, what: str, done: int, total: int) -> None:
        if what != self._shown:
            self._shown = what
            click.echo(f"{_TEXTS[what]} {_counted(total, what.removesuffix('s'))} ...", err=True)


def _size(text: str | None) -> tuple[int, int] | None:
    found = resolution(text)
    if found is None or isinstance(found, tuple):
        return found
    raise RobustEndoError(f"Expected a size such as 480x640 (height x width, at least 32), got {text!r}.")


def _scales(text: str) -> tuple[float, float]:
    try:
        low, high = map(float, text.split(","))
    except ValueError as error:
        raise RobustEndoError(f"Expected two scales such as 0.75,1.35, got {text!r}.") from error
    return low, high


def _labels(text: str | None, classes: Sequence[str]) -> tuple[int, ...] | None:
    wanted = names(text)
    if wanted is None:
        return None
    known = {**{name: index for index, name in enumerate(classes)}, **{str(i): i for i in range(len(classes))}}
    wrong = [name for name in wanted if known.get(name, 0) == 0]
    if wrong or not wanted:
        raise RobustEndoError(
            f"Expected instruments among {', '.join(classes[1:])} or their labels from 1 to {len(classes) - 1}, got "
            f"{wrong[0] if wrong else 'none'!r}: correct --instrument-labels."
        )
    return tuple(sorted({known[name] for name in wanted}))
