"""``robust-endo severity-survey``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from robustbench_endo.cli.command import argument, command, option
from robustbench_endo.cli.output import counted
from robustbench_endo.cli.progress import progress_bar
from robustbench_endo.errors import RobustEndoError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from robustbench_endo.results.survey_ratings import Item, Plausibility

SHEET, KEY = "survey.html", "key.csv"
_PATH = click.Path(path_type=Path)


@command(
    "severity-survey",
    short="Let clinicians rate which severities are plausible.",
    examples=(
        "robust-endo severity-survey frames --corruption smoke --out survey",
        "robust-endo severity-survey --ratings a.csv --ratings b.csv --key key.csv",
    ),
)
@argument("frames", metavar="[FRAMES]", required=False, type=_PATH)
@option("--out", "-o", metavar="DIR", type=_PATH, default=Path("survey"), help=f"Folder for {SHEET} and {KEY}.")
@option("--corruption", "-c", metavar="NAME,...", default="all", help="Corruptions, as in evaluate.")
@option("--severity", "-s", metavar="LEVELS", default="1-5", help="Severities, as in evaluate.")
@option("--suite", metavar="SUITE", default="endo19", help="Suite, or the path of its TOML file.")
@option(
    "--limit",
    "-n",
    metavar="N",
    default=2,
    type=click.IntRange(1, 20),
    help="Frames at most; each is shown in every condition.",
)
@option(
    "--width",
    metavar="PX",
    default=512,
    type=click.IntRange(64, 4096),
    show_default=True,
    help="Width of an image on the sheet, in pixels; narrower frames are not enlarged.",
)
@option(
    "--max-size",
    metavar="MB",
    default=50.0,
    type=click.FloatRange(0, min_open=True),
    show_default=True,
    help="Largest sheet, in MB (10^6 bytes).",
)
@option("--seed", metavar="N", default=0, help="Random seed of corruptions and order.")
@option(
    "--ratings", metavar="FILE", multiple=True, type=_PATH, help="Exported ratings of one clinician; repeat for each."
)
@option("--key", metavar="FILE", type=_PATH, help=f"The {KEY} that was written with the sheet.")
@option("--write", metavar="FILE", type=_PATH, help="Suite file to write, with the plausible severities.")
def severity_survey(
    frames: Path | None,
    out: Path,
    corruption: str,
    severity: str,
    suite: str,
    limit: int,
    width: int,
    max_size: float,
    seed: int,
    ratings: Sequence[Path],
    key: Path | None,
    write: Path | None,
) -> None:
    """Let clinicians rate which severities are plausible.

    FRAMES is an image or a folder of images. The sheet shows them under every corruption and severity in random order;
    it works offline and exports a CSV file. With --ratings and --key: the shares of the ratings, the agreement of the
    raters and the plausible severities; --write stores these in a suite file.
    """
    if bool(ratings) == (frames is not None):
        number = "both" if ratings else "neither"
        raise RobustEndoError(
            f"Expected either FRAMES for a new sheet or --ratings of a sheet, got {number}: give one."
        )
    if frames is not None:
        images = _sheet_images(_image_files(frames)[:limit], corruption, severity, suite, seed, width, max_size)
        _write_sheet(images, out, width, max_size)
        return
    if key is None:
        raise RobustEndoError(f"Expected --key with --ratings, got none: give the {KEY} of the sheet.")
    _summarize(ratings, key, suite, write)


def _sheet_images(
    files: Sequence[Path], corruption: str, severity: str, suite: str, seed: int, width: int, max_size: float
) -> dict[Item, str]:
    """The images of a sheet, as addresses; checked frame by frame, so that a sheet that is too large fails early."""
    from robustbench_endo.corruptions import select
    from robustbench_endo.data.corrupted_copies import corrupted_images
    from robustbench_endo.evaluation.severity_options import parse_severities
    from robustbench_endo.reports.survey.sheet import check_size, image_address, sheet_item

    selected, severities = select(suite, corruption), parse_severities(severity)
    images: dict[Item, str] = {}
    for path in files:
        with progress_bar(f"Corrupting {path.name}", "images") as advance:
            corrupted = corrupted_images(path, selected.suite, selected.names, severities, seed, advance)
        images |= {
            sheet_item(path.name, name, level, seed): image_address(image, width)
            for (name, level), image in corrupted.items()
            if level
        }
        check_size(sum(map(len, images.values())), max_size, len(images), width)
    return images


def _write_sheet(images: Mapping[Item, str], out: Path, width: int, max_size: float) -> None:
    from robustbench_endo.io_utils import writable_folder, write_atomically
    from robustbench_endo.reports.survey.sheet import MEGABYTE, check_size, key_csv, sheet_html

    page = sheet_html(images, width).encode()
    check_size(len(page), max_size, len(images), width)
    writable_folder(out)
    write_atomically(out / SHEET, page)
    write_atomically(out / KEY, key_csv(images).encode())
    click.echo(
        f"Written: {counted(len(images), 'image')} in {out / SHEET} ({len(page) / MEGABYTE:.1f} MB); "
        f"keep {out / KEY} from the raters."
    )


def _image_files(frames: Path) -> list[Path]:
    from robustbench_endo.data.reading import IMAGE_SUFFIXES

    if frames.is_file():
        return [frames]
    files = [path for path in sorted(frames.glob("*")) if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()]
    if not files:
        raise RobustEndoError(f"Expected an image or a folder of images, got {frames}: name one with frames in it.")
    return files


def _summarize(ratings: Sequence[Path], key: Path, suite: str, write: Path | None) -> None:
    from robustbench_endo.io_utils import write_atomically
    from robustbench_endo.results.survey_ratings import agreement, read_key, read_ratings, suite_text, summarize

    items = read_key(key)
    raters = read_ratings(ratings, items)
    summaries = summarize(items, raters)
    _print(summaries)
    if len(raters) < 2:
        click.echo("No agreement: one rater. Give the ratings of at least two.")
    else:
        alpha = agreement(items.values(), raters)
        click.echo(f"Krippendorff's alpha (ordinal) of {len(raters)} raters and {len(items)} images: {_number(alpha)}")
    if write is not None:
        write_atomically(write, suite_text(suite, summaries).encode())
        click.echo(f"Written: {write}")


def _print(summaries: Sequence[Plausibility]) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    severities = sorted({severity for summary in summaries for severity in summary.shares})
    numbers = (Column(f"unusable at {severity}", justify="right") for severity in severities)
    table = Table("Corruption", *numbers, "Plausible", Column("Alpha", justify="right"), box=None, pad_edge=False)
    for summary in summaries:
        shares = (
            f"{100 * summary.shares[severity][-1]:.0f} %" if severity in summary.shares else ""
            for severity in severities
        )
        limits = "–" if summary.plausible is None else f"{summary.plausible[0]} to {summary.plausible[1]}"
        table.add_row(summary.corruption, *shares, limits, _number(summary.alpha))
    Console(highlight=False).print(table)


def _number(value: float) -> str:
    return f"{value:.2f}" if value == value else "–"
