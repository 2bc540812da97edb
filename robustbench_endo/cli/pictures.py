"""``robust-endo corrupt | preview``."""

from __future__ import annotations

from pathlib import Path

import click

from robustbench_endo.cli.options import severities
from robustbench_endo.cli.progress import progress_bar


@click.command()
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option("--corruption", "-c", default="all", help="all, a group, or names separated by commas.")
@click.option("--severity", "-s", default="1-5", help="Severities, such as 1-5 or 1,3,5.")
@click.option("--suite", default="endo19", help="endo19, paper, imagenet-c, or a TOML file.")
@click.option("--seed", default=0, type=int, help="Seed of all randomness.")
def corrupt(source: Path, out: Path, corruption: str, severity: str, suite: str, seed: int) -> None:
    """Write corrupted copies of a folder of frames: OUT/corruption/severity/frame.png, and a manifest."""
    from robustbench_endo.cli.copies import write_copies
    from robustbench_endo.corruptions import load_suite

    chosen = load_suite(suite)
    with progress_bar("Corrupting", "pictures") as advance:
        count = write_copies(source, out, chosen, chosen.select(corruption), severities(severity), seed, advance)
    click.echo(f"Written: {count} pictures and manifest.csv in {out}")


@click.command()
@click.argument("frame", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--out", "-o", type=click.Path(path_type=Path, dir_okay=False), default=Path("preview.png"))
@click.option("--corruption", "-c", default="all", help="all, a group, or names separated by commas.")
@click.option("--suite", default="endo19", help="endo19, paper, imagenet-c, or a TOML file.")
@click.option("--seed", default=0, type=int, help="Seed of all randomness.")
def preview(frame: Path, out: Path, corruption: str, suite: str, seed: int) -> None:
    """Draw one frame under every corruption and severity as a contact sheet."""
    from robustbench_endo.cli.copies import corrupted_pictures
    from robustbench_endo.corruptions import load_suite
    from robustbench_endo.reports.contact_sheet import corruption_sheet
    from robustbench_endo.results.store import write_whole

    chosen = load_suite(suite)
    with progress_bar("Corrupting", "pictures") as advance:
        pictures = corrupted_pictures(frame, chosen, chosen.select(corruption), (1, 2, 3, 4, 5), seed, advance)
    sheet = corruption_sheet(pictures)
    write_whole(out, lambda file: file.write(sheet))
    click.echo(f"Written: {out}")
