"""``robust-endo merge``."""

from __future__ import annotations

from pathlib import Path

import click

from robustbench_endo.cli.command import argument, command, option
from robustbench_endo.cli.json_output import json_option
from robustbench_endo.cli.options import formats_option
from robustbench_endo.evaluation.config import parse_formats


@command(
    short="Merge the shards of a run.",
    examples=(
        "robust-endo merge runs/large",
        "robust-endo merge part1 part2 part3 --out runs/large",
    ),
)
@argument("folders", metavar="FOLDER...", nargs=-1, required=True, type=click.Path(path_type=Path))
@option(
    "--out",
    "-o",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    group="Output",
    help="Run folder to create.  [default: the folder, if only one is given]",
)
@formats_option
@json_option
def merge(folders: tuple[Path, ...], out: Path | None, formats: str, as_json: bool) -> None:
    """Merge shards into one run, bit-identical to a run on one machine.

    Each FOLDER is an --out folder of evaluate --shard. Neither models nor data are needed.
    """
    from robustbench_endo.cli.output import show_results
    from robustbench_endo.evaluation import merge_shards

    names = parse_formats(formats)
    results = merge_shards.merge(*folders, out=out)
    target = out or folders[0]
    if merge_shards.lacks_largest_drops(results):
        click.echo(
            "The images of the largest drops are missing, because they need models and data: the same robust-endo "
            f"evaluate with --out {target} and without --shard adds them and computes nothing else.",
            err=True,
        )
    show_results(results, target, names, as_json)
