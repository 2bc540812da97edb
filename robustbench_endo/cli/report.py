"""``robust-endo report``."""

from __future__ import annotations

from pathlib import Path

import click

from robustbench_endo.cli.options import names
from robustbench_endo.errors import OptionalDependencyError, RobustEndoError
from robustbench_endo.results import Results, load_results

FORMATS = ("html", "pdf")


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--format", "formats", default="html,pdf", help=f"Formats: {', '.join(FORMATS)}.")
@click.option("--out", "-o", type=click.Path(path_type=Path, file_okay=False), help="Folder. [default: the run folder]")
def report(run: Path, formats: str, out: Path | None) -> None:
    """Write the report of a finished run again."""
    for path in write(load_results(run), out or run, formats):
        click.echo(path)


def write(results: Results, folder: Path, formats: str) -> list[Path]:
    """Write reports; a PDF whose extra is missing is left out with a sentence that names it.

    Raises:
        RobustEndoError: an unknown format.
    """
    from robustbench_endo.reports import write_reports

    wanted = () if formats == "none" else sorted(names(formats) or ())
    unknown = [name for name in wanted if name not in FORMATS]
    if unknown:
        raise RobustEndoError(f"Expected report formats among {', '.join(FORMATS)}, found {unknown[0]!r}.")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return write_reports(results, folder, formats=wanted)
    except OptionalDependencyError as error:
        click.echo(f"No PDF report: {error}", err=True)
        return [folder / f"report.{name}" for name in wanted if name != "pdf"]
