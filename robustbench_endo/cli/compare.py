"""``robust-endo compare``."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from robustbench_endo.cli.options import bootstrap_options, names, settings
from robustbench_endo.results import compare as compare_results
from robustbench_endo.results import load_results


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--metric", "metrics", help="Metrics, separated by commas. [default: one a task]")
@click.option("--baseline", help="The model that the others are compared with. [default: the first]")
@click.option("--out", "-o", type=click.Path(path_type=Path), help="Write a page: FILE.html, or a folder for it.")
@bootstrap_options
def compare(
    runs: tuple[Path, ...],
    metrics: str | None,
    baseline: str | None,
    out: Path | None,
    resamples: int,
    unit: str,
    confidence: float,
    seed: int,
) -> None:
    """Compare models of one or more finished runs on the same pictures: paired differences, p-values, ranks.

    The runs need the same data, suite, resolution, seed and protocol. Differences carry intervals from resampled
    patients or sequences; p-values are corrected for the number of corruptions (Holm).
    """
    from robustbench_endo.reports import headline_present, print_comparison

    bootstrap = settings(resamples, unit, confidence, seed)
    loaded = [load_results(run) for run in runs]
    wanted = names(metrics) or headline_present(loaded[0])
    print_comparison(compare_results(loaded, wanted, baseline, bootstrap), Console())
    if out is not None:
        from robustbench_endo.reports.write import write_comparison

        click.echo(write_comparison(loaded, out, wanted, baseline, bootstrap))
