"""``robust-endo datasets`` and ``robust-endo datasets check``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table

from robustbench_endo.cli.errors import FOUND, ErrorHandlingGroup
from robustbench_endo.cli.options import names
from robustbench_endo.cli.output import progress_bar


@click.group(cls=ErrorHandlingGroup, invoke_without_command=True)
@click.pass_context
def datasets(context: click.Context) -> None:
    """List the datasets that --data knows by name; `check` looks one over."""
    if context.invoked_subcommand is not None:
        return
    from robustbench_endo.data.registry import DESCRIPTIONS

    table = Table("Dataset", "What")
    for name, what in DESCRIPTIONS.items():
        table.add_row(name, what)
    Console().print(table)


@datasets.command()
@click.argument("data")
@click.option("--split", "splits", help="Splits to look at, separated by commas. [default: all there are]")
@click.option("--classes", help="Names of the mask labels, background first, separated by commas.")
@click.option("--subject-regex", help="Regular expression for the patient or sequence in a frame's path.")
@click.option("--format", "form", default="text", type=click.Choice(["text", "json"]), help="json: for programs.")
def check(data: str, splits: str | None, classes: str | None, subject_regex: str | None, form: str) -> None:
    """Look the data set DATA over: a folder, a name, NAME:DIR, a CSV or a video.

    Reads every frame once and tells counts, sizes, how common classes and activities are, and what is wrong:
    unreadable files, labels that cannot be right, patients or pictures in several splits.

    Exit code 0: no problem; 3: problems were found; 2: there is no such data set.
    """
    from robustbench_endo.cli.dataset_report import print_findings
    from robustbench_endo.data.checking import check as look
    from robustbench_endo.data.checking import splits_of

    opened, broken = splits_of(data, names(splits) or (), names(classes), subject_regex)
    with progress_bar("Checking", "frames") as advance:
        findings = look(opened, broken, advance)
    if form == "json":
        click.echo(json.dumps(asdict(findings), indent=1, ensure_ascii=False))
    else:
        print_findings(findings, Console(highlight=False))
    if findings.problems:
        sys.exit(FOUND)
