"""The tables of a run as CSV and Parquet, unrounded, one row per number."""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from robustbench_endo.errors import RunError
from robustbench_endo.io_utils import write_atomically, write_json
from robustbench_endo.reports.data.aggregates import aggregate_tables
from robustbench_endo.reports.data.confidence import failure_scores
from robustbench_endo.reports.data.metrics import metrics_present, with_numbers
from robustbench_endo.reports.data.rankings import rank_rows
from robustbench_endo.reports.data.scores import score_table
from robustbench_endo.reports.data.tables import Table
from robustbench_endo.results import Resampling
from robustbench_endo.results.csv_text import csv_text
from robustbench_endo.results.metrics import split_label

if TYPE_CHECKING:
    from robustbench_endo.results import Results

SETTINGS_FILE = "settings.json"


def write_tables(results: Results, folder: Path, intervals: bool | Resampling = False) -> list[Path]:
    """Write ``<table>.csv`` and ``<table>.parquet`` for each of :func:`data_tables`; a missing number is empty.

    In the CSV, a text that a spreadsheet would run as a formula begins with an apostrophe. ``settings.json`` has the
    settings of the intervals, from which ``robust-endo verify`` computes the tables again.

    Raises:
        RunError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, table in data_tables(results, intervals).items():
        files += [folder / f"{name}.csv", folder / f"{name}.parquet"]
        write_atomically(files[-2], csv_text(table).encode())
        buffer = io.BytesIO()
        table.to_parquet(buffer, index=False)
        write_atomically(files[-1], buffer.getvalue())
    write_json(folder / SETTINGS_FILE, table_settings(intervals))
    return [*files, folder / SETTINGS_FILE]


def table_settings(intervals: bool | Resampling) -> dict[str, Any]:
    """Whether the tables have intervals, and their settings."""
    settings = intervals if isinstance(intervals, Resampling) else Resampling()
    return {"intervals": bool(intervals), "resampling": asdict(settings)}


def data_tables(results: Results, intervals: bool | Resampling = False) -> dict[str, pd.DataFrame]:
    """The tables of a run by name: ``scores``, ``failure_detection``, ...; those without numbers are missing.

    The others are ``table``, ``robustness``, ``failures``, ``promise``, ``rankings`` and ``labels``. ``promise`` and
    ``failure_detection`` have one row per condition and one column per number.
    ``scores`` has one row per condition and one column per metric, ``labels`` one row per condition, label and metric.
    The
    others have one row per number, with its keys, its unit, ``value`` and, with intervals, ``low`` and ``high``.
    """
    metrics = metrics_present(results)
    tables = {"scores": results.scores(intervals)}
    if metrics:
        tables["table"] = long_format([score_table(results, metrics, intervals)])
        tables["robustness"] = long_format(aggregate_tables(results, metrics, None, intervals))
        with suppress(RunError):  # of a model without clean frames, which has no confidence to compare with
            tables["failures"] = long_format([failure_scores(results, intervals)])
            detection = results.failure_detection(intervals=intervals)
            tables |= {"failure_detection": detection} if len(detection) else {}
    if results.info.get("calibrations"):
        tables["promise"] = results.promise()
    if (ranks := rank_rows(results, intervals)) is not None:
        tables["rankings"] = ranks
    labels = _labels(results)
    return tables | ({"labels": labels} if len(labels) else {})


def long_format(tables: list[Table]) -> pd.DataFrame:
    """Tables of the same keys as one row per number."""
    rows = []
    for table in tables:
        for row in table.rows:
            for column, cell in zip(table.columns, row.cells, strict=True):
                ends = {"low": cell.low, "high": cell.high} if table.show_intervals else {}
                rows.append({**row.keys, **column.keys, "value": cell.value, **ends})
    frame = pd.DataFrame(rows)
    numbers = [name for name in ("unit", "value", "low", "high") if name in frame]
    return frame[[*(name for name in frame if name not in numbers), *numbers]]


def _labels(results: Results) -> pd.DataFrame:
    names = [metric.name for metric in results.metrics if split_label(metric.name)[1] is not None]
    names = with_numbers(results, names)
    if not names:
        return pd.DataFrame()
    long = results.scores().melt(["model", "corruption", "severity"], names, "metric", "score")
    names = long["metric"]
    long = long.assign(
        task=names.map(lambda name: results.metric(name).task),
        label=names.map(lambda name: split_label(name)[1]),
        metric=names.map(lambda name: split_label(name)[0]),
    )
    return long[["model", "corruption", "severity", "task", "label", "metric", "score"]]
