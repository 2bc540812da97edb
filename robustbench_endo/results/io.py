"""Reading and writing the tables of run folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from robustbench_endo.errors import RunError
from robustbench_endo.io_utils import replace_atomically
from robustbench_endo.metrics.base import Metric
from robustbench_endo.results.completeness import check_complete
from robustbench_endo.results.csv_text import csv_text
from robustbench_endo.results.failure_points import read_failure_points
from robustbench_endo.results.integrity import FAILURE_POINTS_FILE, RESULTS_FILE, RUN_FILE, check_intact, read_run
from robustbench_endo.results.results import Results
from robustbench_endo.results.run_schema import check_run_info
from robustbench_endo.results.schema import check_schema, undefined_columns


def load_results(path: str | Path, metrics: Sequence[Metric | type[Metric]] = ()) -> Results:
    """The results of a run.

    Args:
        path: a run folder, or its results.parquet.
        metrics: user-defined metrics of the run that override ``statistics`` or ``formula``; without their class they
            are left out. All others are read from the run.

    Raises:
        RunError: no such folder, an unfinished run, files that were changed after the run wrote them, a table without
            the schema's columns and types, or records that are missing or occur twice.
    """
    folder, info = open_run_folder(path)
    check_intact(folder, info)
    return read_records(folder, info, metrics)


def open_run_folder(path: str | Path) -> tuple[Path, dict[str, Any]]:
    """The folder of a finished run and the checked content of its run.json.

    Raises:
        RunError: no such folder, an unfinished run, or a run.json that was changed or does not describe a run.
    """
    folder = Path(path)
    try:
        folder = folder.parent if folder.is_file() else folder
        missing = [name for name in (RUN_FILE, RESULTS_FILE) if not (folder / name).is_file()]
    except (OSError, ValueError) as error:  # names that are too long, or have characters that no file has
        raise RunError(f"Cannot read {str(path)[:200]!r}: {error}. Give a run folder.") from error
    if missing:
        raise RunError(
            f"Expected a finished run in {folder}, got no {missing[0]}: give the --out of a robust-endo evaluate "
            "that has finished, or run it again to finish it."
        )
    info = read_run(folder)
    check_run_info(info, folder / RUN_FILE)
    if not info["finished"]:
        raise RunError(
            f"Expected a finished run in {folder}, got one that was interrupted: run the same robust-endo evaluate "
            "again to finish it."
        )
    return folder, info


def read_records(folder: Path, info: dict[str, Any], metrics: Sequence[Metric | type[Metric]] = ()) -> Results:
    """The results of a run folder, without a check of its files.

    Raises:
        RunError: a table without the schema's columns and types, or records that are missing or occur twice.
    """
    user_metrics = tuple(metric() if isinstance(metric, type) else metric for metric in metrics)
    points = read_failure_points(folder / FAILURE_POINTS_FILE)
    results = Results(read_frame(folder / RESULTS_FILE, info), info, folder, user_metrics, points)
    check_complete(results)
    return results


def summary_csv(results: Results) -> bytes:
    """The content of ``summary.csv``: the scores of every model and condition, six digits."""
    return csv_text(results.scores(), "%.6g").encode()


def write_table(path: Path, table: pa.Table) -> None:
    """Write a Parquet table atomically."""
    with replace_atomically(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def read_frame(path: Path, info: dict[str, Any]) -> pd.DataFrame:
    """The records in a Parquet file.

    Raises:
        RunError: it cannot be read, or lacks the columns and types of the run.
    """
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            run = Results(pd.DataFrame(), info)
            undefined = undefined_columns(run.tasks, run.labels)
            check_schema(schema, run.schema, str(path), undefined)
            if b"pandas" in (schema.metadata or {}):  # which may store an index there
                return file.read().to_pandas()
            # One by one: the whole table is never in memory twice.
            columns = {name: _column(file, name) for name in schema.names}
            absent = {name: value for name, value in undefined.items() if name not in columns}
            return pd.DataFrame(columns | absent, copy=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, RunError):
            raise
        reason = str(error).strip().partition("\n")[0]
        raise RunError(
            f"Cannot parse {path}: no valid Parquet table ({reason}). Run robust-endo evaluate again."
        ) from error


def _column(file: pq.ParquetFile, name: str) -> Any:
    column = file.read([name])[name]
    # A copy, because an array that Arrow shares cannot be written to.
    return np.array(column.to_numpy()) if pa.types.is_primitive(column.type) else column.to_pandas()
