"""``robust-endo merge``."""

from __future__ import annotations

from pathlib import Path

import click

from robustbench_endo.cli.output import show_results
from robustbench_endo.cli.report import FORMATS, checked_formats


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path, file_okay=False),
    help="Run folder to make.  [default: the folder, where only one is given]",
)
@click.option("--format", "formats", default="html,pdf", help=f"Reports to write: {', '.join(FORMATS)}, or none.")
def merge(folders: tuple[Path, ...], out: Path | None, formats: str) -> None:
    """Make one run of its shards, the same to the bit as if one machine had computed it.

    FOLDERS: what evaluate --shard had as --out, one or several. Neither models nor data are needed.
    """
    from robustbench_endo.evaluation import merge_shards as merging

    checked_formats(formats)
    results = merging.merge(*folders, out=out)
    target = out or folders[0]
    if merging.lacks_pictures(results):
        click.echo(
            "The pictures of the deepest falls are not there, for only models and data can make them: the same "
            f"robust-endo evaluate with --out {target} and without --shard adds them and computes nothing else.",
            err=True,
        )
    show_results(results, target, formats)
