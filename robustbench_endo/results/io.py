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
from robustbench_endo.io_utils import read_json, replace_atomically
from robustbench_endo.metrics.base import Metric
from robustbench_endo.results.results import Results
from robustbench_endo.results.schema import check_schema

RUN_FILE = "run.json"
RESULTS_FILE = "results.parquet"
SUMMARY_FILE = "summary.csv"


def load_results(path: str | Path, metrics: Sequence[Metric | type[Metric]] = ()) -> Results:
    """The results of a run.

    Args:
        path: a run folder, or its results.parquet.
        metrics: user-defined metrics of the run that override ``statistics`` or ``formula``; without their class they
            are left out. All others are read from the run.

    Raises:
        RunError: no such folder, an unfinished run, or a table without the schema's columns and types.
    """
    folder = Path(path)
    folder = folder.parent if folder.is_file() else folder
    for name in (RUN_FILE, RESULTS_FILE):
        if not (folder / name).is_file():
            raise RunError(
                f"Expected a finished run in {folder}, got no {name}: give the --out of a robust-endo evaluate "
                "that has finished, or run it again to finish it."
            )
    info = read_json(folder / RUN_FILE)
    if "tasks" not in info:
        raise RunError(f"Expected a run of this version in {folder}, got a {RUN_FILE} without tasks: evaluate again.")
    user_metrics = tuple(metric() if isinstance(metric, type) else metric for metric in metrics)
    return Results(_read_frame(folder / RESULTS_FILE, info), info, folder, user_metrics)


def check_records(path: Path, info: dict[str, Any]) -> None:
    """Check that a Parquet file has the columns of a run's records.

    Raises:
        RunError: a column is missing or has another type.
    """
    check_schema(pq.read_schema(path), Results(pd.DataFrame(), info).schema, str(path))


def write_table(path: Path, table: pa.Table) -> None:
    """Write a Parquet table atomically."""
    with replace_atomically(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def _read_frame(path: Path, info: dict[str, Any]) -> pd.DataFrame:
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            check_schema(schema, Results(pd.DataFrame(), info).schema, str(path))
            if b"pandas" in (schema.metadata or {}):  # which may store an index there
                return file.read().to_pandas()
            # One by one: the whole table is never in memory twice.
            return pd.DataFrame({name: _column(file, name) for name in schema.names}, copy=False)
    except (pa.ArrowInvalid, OSError) as error:
        raise RunError(
            f"Cannot parse {path}: no valid Parquet table ({error}). Run robust-endo evaluate again."
        ) from error


def _column(file: pq.ParquetFile, name: str) -> Any:
    column = file.read([name])[name]
    # A copy, because an array that Arrow shares cannot be written to.
    return np.array(column.to_numpy()) if pa.types.is_primitive(column.type) else column.to_pandas()
