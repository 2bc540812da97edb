"""Reading and writing of run folders; every file is written whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from robustbench_endo.errors import RunError
from robustbench_endo.results.results import Results
from robustbench_endo.results.schema import check_schema, schema_of

RUN_FILE = "run.json"
RESULTS_FILE = "results.parquet"
SUMMARY_FILE = "summary.csv"


def load_results(path: str | Path) -> Results:
    """The results of a run.

    Args:
        path: a run folder, or its results.parquet.

    Raises:
        RunError: no such folder, an unfinished run, or a table without the schema's columns and types.
    """
    folder = Path(path)
    folder = folder.parent if folder.is_file() else folder
    for name in (RUN_FILE, RESULTS_FILE):
        if not (folder / name).is_file():
            raise RunError(
                f"Expected a finished run in {folder}, got no {name}: give the --out of a robust-endo evaluate "
                "that has ended, or run it again to finish it."
            )
    return Results(_read_frame(folder / RESULTS_FILE), read_json(folder / RUN_FILE), folder)


def _read_frame(path: Path) -> pd.DataFrame:
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            check_schema(schema, str(path))
            if b"pandas" in (schema.metadata or {}):  # which may keep an index there
                return file.read().to_pandas()
            # One by one: the whole table is never there twice.
            return pd.DataFrame({name: _column(file, name) for name in schema.names}, copy=False)
    except pa.ArrowInvalid as error:
        raise RunError(
            f"Expected a Parquet table in {path}, got damage ({error}): run robust-endo evaluate again."
        ) from error


def _column(file: pq.ParquetFile, name: str) -> Any:
    column = file.read([name])[name]
    # An array of one's own: what Arrow hands over without a copy cannot be written to.
    return np.array(column.to_numpy()) if pa.types.is_primitive(column.type) else column.to_pandas()


def as_table(frame: pd.DataFrame) -> pa.Table:
    """Records with the exact types of the schema.

    Raises:
        RunError: a column of the schema is missing.
    """
    schema = schema_of(list(frame.columns))
    missing = [name for name in schema.names if name not in frame]
    if missing:
        raise RunError(f"Expected the columns of a robustness run, got no {', '.join(missing[:5])}: add them.")
    # NaN stays NaN: a null would be a third way to say "not defined".
    arrays = [
        pa.array(frame[field.name].to_numpy(), from_pandas=False).cast(field.type, safe=False) for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file; :class:`RunError` when it is damaged."""
    try:
        content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except json.JSONDecodeError as error:
        raise RunError(f"Expected JSON in {path}, got damage ({error}): start the run in a new folder.") from error
    return content


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON object atomically."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    write_whole(path, lambda file: file.write(text.encode()))


def write_table(path: Path, table: pa.Table) -> None:
    """Write a Parquet table of records atomically.

    Raises:
        RunError: it has not the columns and types of the schema.
    """
    check_schema(table.schema, str(path))
    write_whole(path, lambda file: pq.write_table(table, file, compression="zstd"))


def write_whole(path: Path, write: Callable[[IO[bytes]], Any]) -> None:
    """Call ``write`` on a temporary file beside ``path``, flush it to the disk, and rename it to ``path``."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes private files; a run folder is read by others of the group.
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
