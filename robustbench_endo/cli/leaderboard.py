"""``robust-endo leaderboard``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--out", "-o", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the site."
)
def leaderboard(folder: Path, out: Path) -> None:
    """Write a static site of all runs below DIR: sortable tables, filters, each run's report beside them.

    Runs are ranked together only where they saw the same data, suite, resolution, seed, protocol, corruptions and
    severities. Unfinished and damaged runs are listed as such. Open index.html: no server is needed.
    """
    from robustbench_endo.reports.leaderboard import write_site

    click.echo(write_site(folder, out))
