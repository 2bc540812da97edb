"""``robust-endo compare``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from robustbench_endo.cli.back_to_back import back_to_back_options, compare_pair, is_paired
from robustbench_endo.cli.command import argument, command, option
from robustbench_endo.cli.json_output import echo_json, json_option
from robustbench_endo.cli.options import resampling_from, resampling_options
from robustbench_endo.cli.output_path import OutputPath
from robustbench_endo.data_options import split_names

if TYPE_CHECKING:
    from robustbench_endo.results import Comparison


@command(
    short="Compare models on the same frames, with tests.",
    examples=(
        "robust-endo compare runs/a runs/b",
        "robust-endo compare runs/a runs/b --baseline ours --out comparison.html",
        "robust-endo compare runs/a --back-to-back fp32 int8 --margin 1",
    ),
)
@argument("runs", metavar="[RUN]...", nargs=-1, type=click.Path(path_type=Path))
@option(
    "--metric",
    "metrics",
    group="Comparison",
    metavar="NAME,...",
    help="Metrics, separated by commas.  [default: one per task]",
)
@option(
    "--baseline",
    group="Comparison",
    metavar="MODEL",
    help="The model that the others are compared with.  [default: the first]",
)
@option(
    "--out",
    "-o",
    group="Output",
    metavar="PATH",
    type=OutputPath(),
    help="Write a page: FILE.html, or a folder for it.",
)
@back_to_back_options
@resampling_options
@json_option
def compare(
    runs: tuple[Path, ...], metrics: str | None, baseline: str | None, out: Path | None, as_json: bool, **params: Any
) -> None:
    """Compare models of one or more finished runs on the same images: paired differences, p-values, ranks.

    The runs need the same data, suite, resolution, seed and protocol. Differences are means over patients or sequences,
    tested by flipping their signs; intervals and p-values are corrected for the number of corruptions and agree. Models
    that are training seeds of one method are compared as that method. One patient has no interval and no p-value.

    --back-to-back A B compares two models, such as a network and its int8 twin, at each severity: models of the runs,
    or two folders of runs with one model each.
    """
    resampling = resampling_from(params)
    if is_paired(params, runs, baseline):
        compare_pair(runs, metrics, out, resampling, as_json, **params)
        return
    from rich.console import Console

    from robustbench_endo.reports import headline_present, print_comparison, write_comparison
    from robustbench_endo.results import compare as compare_results
    from robustbench_endo.results import load_results

    loaded = [load_results(run) for run in runs]
    names = split_names(metrics) if metrics else headline_present(loaded[0])
    comparison = compare_results(loaded, names, baseline, resampling)
    print_comparison(comparison, [loaded[0].metric(name) for name in names], Console(stderr=as_json))
    paths = [] if out is None else [write_comparison(loaded, out, names, baseline, resampling)]
    if as_json:
        echo_json(_summary(comparison, paths))
    for path in paths:
        click.echo(path, err=as_json)


def _summary(comparison: Comparison, paths: Sequence[Path]) -> dict[str, Any]:
    tables = {name: getattr(comparison, name) for name in ("ranks", "pairs", "differences")}
    return {
        "baseline": comparison.baseline,
        "models": list(comparison.models),
        **{name: json.loads(table.to_json(orient="records")) for name, table in tables.items()},
        "statement": comparison.statement,
        "warnings": list(comparison.warnings),
        "paths": [str(path) for path in paths],
        "exit_code": 0,
    }
