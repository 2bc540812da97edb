"""``robust-endo compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from robustbench_endo.cli.options import resampling_from, resampling_options
from robustbench_endo.data_options import split_names


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--metric", "metrics", help="Metrics, separated by commas.  [default: one per task]")
@click.option("--baseline", help="The model that the others are compared with.  [default: the first]")
@click.option("--out", "-o", type=click.Path(path_type=Path), help="Write a page: FILE.html, or a folder for it.")
@resampling_options
def compare(runs: tuple[Path, ...], metrics: str | None, baseline: str | None, out: Path | None, **params: Any) -> None:
    """Compare models of one or more finished runs on the same images: paired differences, p-values, ranks.

    The runs need the same data, suite, resolution, seed and protocol. Differences are means over patients or sequences,
    tested by flipping their signs; intervals and p-values are corrected for the number of corruptions and agree. Models
    that are training seeds of one method are compared as that method. One patient has no interval and no p-value.
    """
    from rich.console import Console

    from robustbench_endo.reports import headline_present, print_comparison, write_comparison
    from robustbench_endo.results import compare as compare_results
    from robustbench_endo.results import load_results

    resampling = resampling_from(params)
    loaded = [load_results(run) for run in runs]
    names = split_names(metrics) if metrics else headline_present(loaded[0])
    comparison = compare_results(loaded, names, baseline, resampling)
    print_comparison(comparison, [loaded[0].metric(name) for name in names], Console())
    if out is not None:
        click.echo(write_comparison(loaded, out, names, baseline, resampling))
