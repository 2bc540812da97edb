"""``robust-endo datasets`` and ``robust-endo datasets check``."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from robustbench_endo.cli.command import argument, command, option
from robustbench_endo.cli.config_options import field_options
from robustbench_endo.cli.errors import PROBLEMS, ErrorHandlingGroup
from robustbench_endo.cli.json_output import echo_json, json_option
from robustbench_endo.cli.progress import progress_bar
from robustbench_endo.data_options import split_names
from robustbench_endo.evaluation.config import EvaluationConfig


@click.group(
    cls=ErrorHandlingGroup,
    invoke_without_command=True,
    short_help="List the data sets by name; check validates one.",
)
@json_option
@click.pass_context
def datasets(context: click.Context, as_json: bool) -> None:
    """List the data sets that --data accepts by name; `check` validates one."""
    if context.invoked_subcommand is not None:
        return
    from rich.console import Console
    from rich.table import Table

    from robustbench_endo.data.registry import DESCRIPTIONS

    if as_json:
        echo_json(DESCRIPTIONS)
        return
    table = Table("Data set", "Description")
    for name, description in DESCRIPTIONS.items():
        table.add_row(name, description)
    Console().print(table)


@command(
    short="Validate a data set.",
    examples=(
        "robust-endo datasets check data/endovis18",
        "robust-endo datasets check cholecseg8k:DIR --split train,test",
    ),
)
@argument("data", metavar="DATA")
@option(
    "--split", "splits", group="Data", metavar="NAME,...", help="Splits to check, separated by commas.  [default: all]"
)
@field_options(EvaluationConfig, ("classes", "label_map", "subject_regex", "assume_independent_frames"))
@json_option
def check(
    data: str,
    splits: str | None,
    classes: str | None,
    label_map: str | None,
    subject_regex: str | None,
    assume_independent_frames: bool,
    as_json: bool,
) -> None:
    """Validate the data set DATA: a folder, a name, NAME:DIR, a CSV or a video.

    Reads every frame once and reports counts, sizes, the frequency of labels, and errors: unreadable files, invalid
    labels, patients or images in several splits.

    Exit code 0: no errors; 3: errors; 2: there is no such data set.
    """
    from robustbench_endo.data.checking import check as check_splits
    from robustbench_endo.data.checking import splits_of

    names = split_names(splits) if splits else ()
    named = split_names(classes) if classes else None
    opened, broken = splits_of(data, names, named, subject_regex, label_map, assume_independent_frames)
    with progress_bar("Checking", "frames") as advance:
        report = check_splits(opened, broken, advance)
    if as_json:
        echo_json(asdict(report))
    else:
        from rich.console import Console

        from robustbench_endo.cli.dataset_report import print_report

        print_report(report, Console(highlight=False))
    if report.problems:
        sys.exit(PROBLEMS)


datasets.add_command(check)
