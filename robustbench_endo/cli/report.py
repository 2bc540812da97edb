"""``robust-endo report`` and ``robust-endo leaderboard``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from robustbench_endo.cli.command import argument, command, option
from robustbench_endo.cli.errors import ERROR
from robustbench_endo.cli.json_output import echo_json, json_option, run_summary
from robustbench_endo.cli.options import formats_option, parse_thresholds, resampling_from, resampling_options
from robustbench_endo.cli.output_path import OutputPath
from robustbench_endo.cli.track import check_trackers, log_option, log_run
from robustbench_endo.data_options import split_names
from robustbench_endo.evaluation.config import parse_formats

if TYPE_CHECKING:
    from rich.console import Console

    from robustbench_endo.results import Results


@command(
    short="Write the reports of a finished run.",
    examples=(
        "robust-endo report runs/mine --intervals",
        "robust-endo report runs/mine --format latex,csv --out tables",
        "robust-endo report runs/mine --threshold dice=0.8 --threshold hd95=40",
    ),
)
@argument("run", metavar="RUN", type=click.Path(path_type=Path))
@formats_option
@option(
    "--out",
    "-o",
    group="Output",
    metavar="DIR",
    type=OutputPath(file_okay=False),
    help="Folder.  [default: the run folder]",
)
@option("--page-size", group="Output", default="a4", type=click.Choice(("a4", "letter")), help="Page size of the PDF.")
@option(
    "--intended-use",
    group="Output",
    metavar="TEXT",
    default="",
    help="What the test is for, printed in the summary.  [default: a note of the run that begins with 'Intended use:', "
    "else a line to fill in]",
)
@option(
    "--plan",
    group="Output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Acceptance plan whose verdicts the report shows, stored in the run folder as by robust-endo gate.",
)
@option(
    "--baseline-run",
    group="Output",
    metavar="RUN",
    type=click.Path(path_type=Path),
    help="The run that margins of the acceptance plan refer to.",
)
@option(
    "--intervals", group="Tables", is_flag=True, help="Print the table with intervals by subject, also in the reports."
)
@option("--robustness", group="Tables", is_flag=True, help="Print summary metrics and silent failures.")
@option("--baseline", group="Tables", metavar="MODEL", help="Model that mCE is relative to; implies --robustness.")
@option(
    "--metric",
    "metrics",
    group="Tables",
    metavar="NAME,...",
    help="Metrics to print, separated by commas.  [default: one per task]",
)
@option(
    "--threshold",
    "thresholds",
    group="Tables",
    metavar="METRIC=X",
    multiple=True,
    help="Threshold such as dice=0.8, dice[CLASS]=0.5 or hd95=40, repeatable: print up to which severity each model "
    "clears all.",
)
@option(
    "--failure-threshold",
    "failure_thresholds",
    group="Tables",
    metavar="TASK=X",
    multiple=True,
    help="When a prediction has failed, as TASK=VALUE, repeatable, such as segmentation=0.5 (Dice).",
)
@resampling_options
@json_option
@log_option
def report(
    run: Path,
    formats: str,
    out: Path | None,
    page_size: str,
    intended_use: str,
    plan: Path | None,
    baseline_run: Path | None,
    intervals: bool,
    robustness: bool,
    baseline: str | None,
    metrics: str | None,
    thresholds: tuple[str, ...],
    failure_thresholds: tuple[str, ...],
    loggers: tuple[str, ...],
    as_json: bool,
    **params: Any,
) -> None:
    """Write the reports of a finished run again, and print its tables."""
    from rich.console import Console

    from robustbench_endo.cli.output import write_reports
    from robustbench_endo.reports import headline_present, print_envelope, print_robustness, print_table
    from robustbench_endo.results import load_results

    resampling, report_formats = resampling_from(params), parse_formats(formats)
    limits, failures = parse_thresholds(thresholds), parse_thresholds(failure_thresholds, "segmentation=0.5")
    trackers = check_trackers(loggers)
    results, console = load_results(run), Console(stderr=as_json)
    names = split_names(metrics) if metrics else headline_present(results)
    for name in names:
        results.metric(name)  # an unknown one is an error even where nothing is printed
    with_intervals = resampling if intervals else False
    if intervals:
        print_table(results, console, names, with_intervals)
    if robustness or baseline:
        print_robustness(results, console, names, baseline, with_intervals, failures)
    if limits:
        print_envelope(results, console, limits, resampling)
    if plan or baseline_run:
        _decide(results, plan, baseline_run, console)
    paths = write_reports(results, out or run, report_formats, with_intervals, page_size, intended_use)
    log_run(trackers, results)
    if as_json:
        echo_json(run_summary(results, paths, metrics=names))
        return
    for path in paths:
        click.echo(path)


def _decide(results: Results, plan: Path | None, baseline_run: Path | None, console: Console) -> None:
    """Decide the plan and store gate.json in the run folder, where the reports read it."""
    from robustbench_endo.gate.report import GATE_FILE
    from robustbench_endo.gate.run import run_gate
    from robustbench_endo.gate.text import print_gate

    if plan is None:
        raise click.UsageError("Expected --plan with --baseline-run, got none: add the acceptance plan.")
    assert results.path is not None
    gate = run_gate(results, plan, baseline_run)
    gate.write(results.path / GATE_FILE)
    print_gate(gate, console, quiet=True)


@command(
    short="Write a static site that ranks verified submissions.",
    examples=("robust-endo leaderboard submissions --out site",),
)
@argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@option(
    "--out",
    "-o",
    group="Output",
    metavar="DIR",
    required=True,
    type=OutputPath(file_okay=False),
    help="Folder for the site.",
)
@option(
    "--metric",
    "metrics",
    group="Tables",
    metavar="NAME,...",
    help="Metrics of the boards, separated by commas; the first ranks.  [default: one per task]",
)
@option("--allow-unverified", is_flag=True, help="List runs that are no submissions, too, on boards of their own.")
def leaderboard(folder: Path, out: Path, metrics: str | None, allow_unverified: bool) -> None:
    """Write a static site of all submissions below DIR: sortable boards, search, filters, links to the reports.

    Every submission is checked again; those that do not pass, and runs that are no submissions, are listed with the
    reason. Only submissions of the same data, suite, resolution, seed, protocol, corruptions and severities are ranked
    together. Open index.html: no server is needed.

    Exit code 0: written; 2: nothing could be listed, for the reasons on the page.
    """
    from robustbench_endo.reports.leaderboard.site import build_site

    names = split_names(metrics) if metrics else ()
    index, accepted, refused = build_site(folder, out, names, allow_unverified=allow_unverified)
    for name, reason in refused:
        click.echo(f"Not listed: {name}: {reason.rstrip('.')}.", err=True)
    click.echo(f"Listed {accepted} of {accepted + len(refused)} folders.", err=True)
    click.echo(index)
    if not accepted:
        sys.exit(ERROR)
