"""``robust-endo corrupt | preview``."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from robustbench_endo.cli.errors import FRAMES_LOST, INTERRUPTED
from robustbench_endo.cli.options import corruption_options, resolution, severities, writable_folder
from robustbench_endo.cli.output import progress_bar
from robustbench_endo.errors import RobustEndoError


@click.command()
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@corruption_options
@click.option("--severity", "-s", default="1-5", help="Severities, such as 1-5 or 1,3,5.")
@click.option("--split", help="Sub-folder of IN; without it, test where there is one.")
def corrupt(
    source: Path,
    out: Path,
    corruption: str,
    suite: str,
    backend: str,
    size: str | None,
    seed: int,
    severity: str,
    split: str | None,
) -> None:
    """Write corrupted copies of a folder of frames, masks with them, as PNG.

    OUT/corruption/severity/ has the layout of IN and is itself a folder for --data. OUT/manifest.csv lists every
    picture with its key and checksums. Run again after an interruption, it goes on from there.
    """
    from robustbench_endo.cli.write_corrupted import MANIFEST, Copies, write_copies
    from robustbench_endo.corruptions import select
    from robustbench_endo.data.file_listing import split_root
    from robustbench_endo.data.folder import FolderDataset

    wanted = severities(severity)
    selection = select(suite, corruption, backend)
    chosen = selection.suite if size is None else replace(selection.suite, resolution=resolution(size))
    for note in (f"Frames: {split_root(source, split)}.", *selection.notes):
        click.echo(note, err=True)
    data = FolderDataset(source, split)
    data.check(range(len(data)))
    copies = Copies(chosen, selection.names, wanted, seed, writable_folder(out))
    try:
        with progress_bar("Corrupting", "pictures") as advance:
            count, lost = write_copies(data, copies, advance)
    except KeyboardInterrupt:
        click.echo(f"Interrupted: what is finished is kept in {out}; the same command goes on from there.", err=True)
        sys.exit(INTERRUPTED)
    pictures, frames = _counted(count, "picture"), _counted(len(data) - len(lost), "frame")
    click.echo(f"Written: {pictures} of {frames} and {MANIFEST} in {out}")
    if lost:
        click.echo(
            f"{len(lost)} of {len(data)} frames could not be read and are left out; the first: {lost[0]}", err=True
        )
        sys.exit(FRAMES_LOST)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


@click.command()
@click.argument("frame", type=click.Path(path_type=Path))
@click.option("--out", "-o", type=click.Path(path_type=Path), default=Path("preview.png"), help="PNG to write.")
@corruption_options
def preview(frame: Path, out: Path, corruption: str, suite: str, backend: str, size: str | None, seed: int) -> None:
    """Draw one frame under every corruption and severity as a contact sheet."""
    from robustbench_endo.cli.write_corrupted import corrupted_pictures
    from robustbench_endo.corruptions import select
    from robustbench_endo.reports.plotting.contact_sheet import corruption_sheet
    from robustbench_endo.results.io import write_whole

    if out.suffix.lower() != ".png" or out.is_dir():
        raise RobustEndoError(f"Expected a file ending in .png for --out, got {out}: give such a name.")
    if frame.is_dir():
        raise RobustEndoError(f"Expected a picture for FRAME, got the folder {frame}: name a frame in it.")
    writable_folder(out.parent)
    selection = select(suite, corruption, backend)
    chosen = selection.suite if size is None else replace(selection.suite, resolution=resolution(size))
    for note in selection.notes:
        click.echo(note, err=True)
    with progress_bar("Corrupting", "pictures") as advance:
        pictures = corrupted_pictures(frame, chosen, selection.names, (1, 2, 3, 4, 5), seed, advance)
    sheet = corruption_sheet(pictures)
    write_whole(out, lambda file: file.write(sheet))
    click.echo(f"Written: {out}")
