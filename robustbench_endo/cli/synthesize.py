"""``robust-endo synthesize``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from robustbench_endo.cli.command import command
from robustbench_endo.cli.config_options import config_options
from robustbench_endo.cli.output import counted
from robustbench_endo.cli.progress import progress_bar
from robustbench_endo.cli.verbosity import verbosity_options
from robustbench_endo.interruption import resumable
from robustbench_endo.synthesis.config import SynthesisConfig

if TYPE_CHECKING:
    from robustbench_endo.types import Dataset

_PHASES = {"instruments": "Cutting out", "backgrounds": "Reading", "images": "Writing"}


@command(
    short="Write training images from cut-outs.",
    examples=("robust-endo synthesize -b tissue -i data/endovis18 -o synthesized -n 500",),
)
@config_options(SynthesisConfig, "synthesize")
@verbosity_options
def synthesize(config: SynthesisConfig) -> None:
    """Write training images: instruments of some frames on the tissue of others.

    Instruments are cut out along their masks and enter the image from its border, as in surgery. Instruments of a
    background with masks are inpainted first. OUT is a folder for train --data with masks and activities;
    synthesis.json lists the sources of each image.
    """
    from robustbench_endo.cli.resolve_inputs import load_data, training_split
    from robustbench_endo.synthesis import SingleImageDataset
    from robustbench_endo.synthesis import synthesize as run

    background, instruments, out = config.check_required()
    # The subject of the tissue matters only if instruments come from the same one.
    regex = config.subject_regex if config.within_subjects else None
    tools = load_data(instruments, training_split(instruments, config.split), config.classes, config.subject_regex)
    tissue: Dataset
    if Path(background).is_file():
        tissue = SingleImageDataset(Path(background), regex)
    else:
        tissue = load_data(background, training_split(background, None), config.classes, regex)
    with resumable(out), _phase_progress() as progress:
        result = run(tissue, tools, out, config.count, config, progress)
    click.echo(
        f"Written: {counted(result.images, 'image')} ({result.created} of them now) in {result.folder}, from "
        f"{counted(result.cutouts, 'instrument')} ({result.n_unusable} could not be used) and "
        f"{counted(result.backgrounds, 'background')}."
    )


@contextmanager
def _phase_progress() -> Iterator[Callable[[str, int, int], None]]:
    """Progress of the phases of a synthesis, on standard error."""
    with progress_bar("Reading", "items") as advance:
        yield lambda phase, done, total: advance(done, total, label=f"{_PHASES[phase]} {phase}")
