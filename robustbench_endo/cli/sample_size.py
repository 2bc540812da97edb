"""``robust-endo sample-size``."""

from __future__ import annotations

from pathlib import Path

import click

from robustbench_endo.cli.command import argument, command, option
from robustbench_endo.errors import RobustEndoError


@command(
    "sample-size",
    short="Estimate how many subjects a study needs.",
    examples=(
        "robust-endo sample-size runs/pilot --half-width 0.02",
        "robust-endo sample-size runs/pilot --half-width 0.02 --margin 0.01 --power 0.8",
    ),
)
@argument("run", metavar="RUN", type=click.Path(path_type=Path))
@option(
    "--half-width",
    metavar="X",
    required=True,
    type=float,
    help="Half-width of the interval, such as 0.02 for 2 points.",
)
@option("--power", metavar="X", type=float, help="Probability to detect the margin, such as 0.8.")
@option("--margin", metavar="X", type=float, help="Difference of two models to detect, such as 0.01 for 1 point.")
@option("--metric", metavar="NAME", help="Metric.  [default: that of the leading task]")
@option(
    "--frames",
    default="",
    metavar="N,...",
    help="Frames per subject, separated by commas.  [default: around those of the run]",
)
@option("--confidence", default=0.95, metavar="X", type=float, help="Confidence level of the intervals.")
def sample_size(
    run: Path,
    half_width: float,
    power: float | None,
    margin: float | None,
    metric: str | None,
    frames: str,
    confidence: float,
) -> None:
    """How many subjects a study needs, estimated from a finished run as the pilot.

    For an interval of the mean over corruptions with the given half-width, and with --power and --margin to detect a
    difference between two models.
    """
    from rich.console import Console

    from robustbench_endo.reports import print_sample_size
    from robustbench_endo.results import load_results
    from robustbench_endo.results import sample_size as needed_subjects

    results = load_results(run)
    name = metric or results.headlines[-1]
    needed = needed_subjects(
        results, name, half_width, power=power, margin=margin, frames=_counts(frames), confidence=confidence
    )
    aims = {"interval": half_width, "difference": margin}
    subjects = results.frame["subject_id"].nunique()
    print_sample_size(needed, results.metric(name), aims, power, subjects, Console())


def _counts(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isdigit() for part in parts):
        raise RobustEndoError(f"Expected numbers of frames such as 10,20,50, got {text!r}: separate them by commas.")
    return tuple(map(int, parts))
