"""``robust-endo report``."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from robustbench_endo.cli.options import bootstrap_options, names, settings, thresholds
from robustbench_endo.errors import OptionalDependencyError, RobustEndoError
from robustbench_endo.results import Bootstrap, Results, load_results

FORMATS = ("html", "pdf", "latex", "md", "csv", "figures")
"""As :data:`robustbench_endo.reports.write.FORMATS`, which is not loaded to say so."""


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--format", "formats", default="html,pdf", help=f"Formats: {', '.join(FORMATS)}, or none.")
@click.option("--out", "-o", type=click.Path(path_type=Path, file_okay=False), help="Folder. [default: the run folder]")
@click.option("--page-size", default="a4", type=click.Choice(("a4", "letter")), help="Page size of the PDF.")
@click.option("--intervals", is_flag=True, help="Bootstrap intervals in the tables, and the table printed with them.")
@click.option("--robustness", is_flag=True, help="Print the run in few numbers, and the silent failures.")
@click.option("--baseline", help="Model that mCE is relative to; implies --robustness.")
@click.option("--metric", "metrics", help="Metrics to print, separated by commas. [default: one a task]")
@click.option(
    "--threshold",
    "required",
    multiple=True,
    help="Threshold such as dice=0.8 or hd95=40, repeatable: print up to which severity each model clears all.",
)
@bootstrap_options
def report(
    run: Path,
    formats: str,
    out: Path | None,
    page_size: str,
    intervals: bool,
    robustness: bool,
    baseline: str | None,
    metrics: str | None,
    required: tuple[str, ...],
    resamples: int,
    unit: str,
    confidence: float,
    seed: int,
) -> None:
    """Write the report of a finished run again, and print what is asked of its numbers."""
    from robustbench_endo.reports import headline_present, print_envelope, print_robustness, print_table

    bootstrap = settings(resamples, unit, confidence, seed)
    asked: bool | Bootstrap = bootstrap if intervals else False
    require = thresholds(required)
    results, console = load_results(run), Console()
    shown = names(metrics) or headline_present(results)
    if intervals:
        print_table(results, console, shown, asked)
    if robustness or baseline:
        print_robustness(results, console, shown, baseline, asked)
    if require:
        print_envelope(results, console, require, bootstrap)
    for path in write(results, out or run, formats, asked, page_size):
        click.echo(path)


def checked_formats(text: str) -> list[str]:
    """Names of report formats, sorted; none for ``none``.

    Raises:
        RobustEndoError: an unknown format.
    """
    wanted = [] if text == "none" else sorted(names(text) or ())
    unknown = [name for name in wanted if name not in FORMATS]
    if unknown:
        raise RobustEndoError(f"Expected report formats among {', '.join(FORMATS)}, got {unknown[0]!r}.")
    return wanted


def write(
    results: Results, folder: Path, formats: str, intervals: bool | Bootstrap = False, page_size: str = "a4"
) -> list[Path]:
    """Write reports and exports; a PDF whose extra is missing is left out with a sentence that names it.

    A run of the paper's networks on its data has the paper's numbers beside its own.

    Raises:
        RobustEndoError: an unknown format.
    """
    from robustbench_endo.reports.write import place_of, write_reports
    from robustbench_endo.reproduction.comparison_table import alongside

    wanted = checked_formats(formats)
    folder.mkdir(parents=True, exist_ok=True)
    # The PDF last: what needs no extra is written whether it is there or not.
    ordered = sorted(wanted, key=lambda name: name == "pdf")
    try:
        return write_reports(results, folder, ordered, intervals, page_size, alongside(results))
    except OptionalDependencyError as error:
        click.echo(f"No PDF report: {error}", err=True)
        return [place_of(name, folder / "report") for name in ordered if name != "pdf"]


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
