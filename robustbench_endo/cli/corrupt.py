"""``robust-endo corrupt`` and ``robust-endo preview``."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from robustbench_endo.cli.command import argument, command, option
from robustbench_endo.cli.compile_kernels import compile_for_corruptions
from robustbench_endo.cli.config_options import config_from_params, field_options
from robustbench_endo.cli.errors import FRAMES_FAILED
from robustbench_endo.cli.output import counted
from robustbench_endo.cli.progress import progress_bar
from robustbench_endo.cli.verbosity import echo_note, verbosity_options
from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation.config import SEVERITIES, EvaluationConfig
from robustbench_endo.interruption import resumable
from robustbench_endo.io_utils import writable_folder, write_atomically

if TYPE_CHECKING:
    from robustbench_endo.corruptions import Selection
    from robustbench_endo.data.folder import FolderDataset

_OPTIONS = ("corruptions", "suite", "backend", "resolution", "seed")


def _select(config: EvaluationConfig) -> Selection:
    """The corruptions of the options, with the suite at its resolution; notes are printed."""
    from robustbench_endo.corruptions import select

    selected = select(config.suite_name, config.corruptions, config.backend)
    for note in selected.notes:
        echo_note(note)
    if config.resolution is None:
        return selected
    return replace(selected, suite=replace(selected.suite, resolution=config.resolution))


@command(
    short="Write corrupted copies of a folder of frames.",
    examples=(
        "robust-endo corrupt data/test corrupted --corruption smoke,glass_blur",
        "robust-endo corrupt data/test equal --target-distortion 0.2",
    ),
)
@argument("source", metavar="IN", type=click.Path(path_type=Path))
@argument("out", metavar="OUT", type=click.Path(path_type=Path))
@field_options(EvaluationConfig, (*_OPTIONS, "severities"))
@verbosity_options
@option("--split", group="Data", metavar="NAME", help="Sub-folder of IN.  [default: test where there is one]")
@option(
    "--target-distortion",
    group="Corruptions",
    type=float,
    metavar="X",
    help="Write each corruption at the one severity with this mean distortion (1 - image SSIM) of the frames.",
)
def corrupt(source: Path, out: Path, split: str | None, **params: Any) -> None:
    """Write corrupted copies of a folder of frames, masks with them, as PNG.

    OUT/corruption/severity/ has the layout of IN and is itself a folder for --data. OUT/manifest.csv lists every image
    with its key and checksums. With --target-distortion, OUT/target_distortion.json has the severities and parameters.
    Re-run the same command to resume.
    """
    from itertools import product

    from robustbench_endo.data.corrupted_copies import MANIFEST, CopySettings, write_copies
    from robustbench_endo.data.file_listing import split_root
    from robustbench_endo.data.folder import FolderDataset

    config = config_from_params(EvaluationConfig, params)
    selected = _select(config)
    echo_note(f"Frames: {split_root(source, split)}.")
    data = FolderDataset(source, split)
    data.check_files(range(len(data)))
    writable_folder(out)
    conditions = list(product(selected.names, config.severities))
    if config.target_distortion is not None:
        conditions = _solve_conditions(data, selected, config, out)
    compile_for_corruptions(selected)
    settings = CopySettings(selected.suite, conditions, config.seed, out)
    with resumable(out), progress_bar("Corrupting", "images") as advance:
        count, failures = write_copies(data, settings, advance)
    frames = counted(len(data) - len(failures), "frame")
    click.echo(f"Written: {counted(count, 'image')} of {frames} and {MANIFEST} in {out}")
    if failures:
        click.echo(
            f"{len(failures)} of {len(data)} frames could not be read and are excluded; the first: {failures[0]}",
            err=True,
        )
        sys.exit(FRAMES_FAILED)


def _solve_conditions(
    data: FolderDataset, selected: Selection, config: EvaluationConfig, out: Path
) -> list[tuple[str, float]]:
    """The severity of each corruption at the target distortion, printed and written."""
    from robustbench_endo.cli.target_distortion import solve_frames, write_targets
    from robustbench_endo.results.severity import as_severity

    targets, frames = solve_frames(data, selected, config)
    write_targets(out, targets, frames, selected, config)
    return [(entry.name, as_severity(entry.severity)) for entry in targets]


@command(
    short="Write a contact sheet of one frame.",
    examples=("robust-endo preview frame.png --suite endo-surgical --out sheet.png",),
)
@argument("frame", metavar="FRAME", type=click.Path(path_type=Path))
@option(
    "--out",
    "-o",
    group="Output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    default=Path("preview.png"),
    help="PNG to write.",
)
@field_options(EvaluationConfig, _OPTIONS)
def preview(frame: Path, out: Path, **params: Any) -> None:
    """Write a contact sheet of one frame under every corruption and severity."""
    from robustbench_endo.data.corrupted_copies import corrupted_images
    from robustbench_endo.reports import corruption_sheet

    if out.suffix.lower() != ".png" or out.is_dir():
        raise RobustEndoError(f"Expected a file ending in .png for --out, got {out}: give such a name.")
    if frame.is_dir():
        raise RobustEndoError(f"Expected an image for FRAME, got the folder {frame}: name a frame in it.")
    writable_folder(out.parent)
    config = config_from_params(EvaluationConfig, params)
    selected = _select(config)
    compile_for_corruptions(selected)
    with progress_bar("Corrupting", "images") as advance:
        images = corrupted_images(frame, selected.suite, selected.names, SEVERITIES, config.seed, advance)
    write_atomically(out, corruption_sheet(images))
    click.echo(f"Written: {out}")
