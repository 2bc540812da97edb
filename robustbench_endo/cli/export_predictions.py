"""``robust-endo export-predictions``."""

from __future__ import annotations

from pathlib import Path

import click

from robustbench_endo.cli.command import argument, command, option
from robustbench_endo.cli.output_path import OutputPath

FORMATS = ("csv", "json", "fiftyone")
"""As :data:`robustbench_endo.predictions.export.FORMATS`, without importing pandas."""


@command(
    short="Write stored predictions for other tools.",
    examples=(
        "robust-endo export-predictions runs/study --to csv --out predictions",
        "robust-endo export-predictions runs/study --to fiftyone --out dataset",
    ),
)
@argument("run", metavar="RUN", type=click.Path(path_type=Path))
@option("--to", "form", default=FORMATS[0], type=click.Choice(FORMATS), help="csv, json, or a FiftyOne data set.")
@option(
    "--out",
    "-o",
    metavar="DIR",
    required=True,
    type=OutputPath(),
    help="New or empty folder.",
)
@option("--data", "-d", metavar="DATA", help="Where the data are, for fiftyone.  [default: those of the run]")
def export_predictions(run: Path, form: str, out: Path, data: str | None) -> None:
    """Write the masks of RUN as PNG files with a table of all predictions, or as a FiftyOne data set with images.

    RUN was evaluated with --save-predictions. A run stores no images: for fiftyone the data are read and corrupted
    again, to the same pixels. To write a model as a file, use robust-endo export.
    """
    from robustbench_endo.errors import RobustEndoError
    from robustbench_endo.predictions.export import export_fiftyone, export_table
    from robustbench_endo.predictions.reader import prediction_keys
    from robustbench_endo.results import load_results

    if data is not None and form != "fiftyone":
        raise RobustEndoError(f"Expected --data only with --to fiftyone, got {data!r}: leave it out.")
    results = load_results(run)
    prediction_keys(results)  # a run without any is refused before a folder is made and data are read
    if form != "fiftyone":
        click.echo(export_table(results, out, form))
        return
    from robustbench_endo.cli.verify import load_data_of_run
    from robustbench_endo.evaluation.frames_of_run import frames_of_run

    with frames_of_run(results, load_data_of_run(results, data)) as read_frame:
        click.echo(export_fiftyone(results, out, read_frame))
