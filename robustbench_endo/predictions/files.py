"""The files of stored predictions: one Parquet file per chunk, or one for the largest drops, with its own checksum.

A row is one model x frame x condition x draw, with the keys of the records; the columns of a task are

* ``<task>``: the label map as an indexed PNG (bytes), or the probabilities of the labels (list of float32); null where
  the model gave no valid prediction,
* ``<task>_logits``, ``<task>_logits_shape``: float16 in C order, only on request.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from robustbench_endo.io_utils import replace_atomically
from robustbench_endo.results.integrity import PREDICTIONS

KEYS = ("model", "corruption", "severity", "replicate", "image_id")

RUN, CHUNK, CHECKSUM = b"run", b"chunk", b"checksum"
"""Metadata of a file: digest of the run's identity, number of the chunk or :func:`worst_name`, SHA-256 of the rows."""


class PredictionWriter:
    """Appends rows to a file that is being written.

    Args:
        path: of the file.
        schema: of the rows.
        run: digest of the run's identity.
        chunk: number of the chunk, or :func:`worst_name`.
    """

    def __init__(self, path: Path, schema: pa.Schema, run: str, chunk: int | str) -> None:
        self._stamp = {RUN: run.encode(), CHUNK: str(chunk).encode()}
        self._digest = _Digest(schema, self._stamp)
        # PNG files do not get smaller.
        compression = {field.name: "none" if _is_map(field) else "zstd" for field in schema}
        names = [field.name for field in schema if not pa.types.is_binary(field.type)]
        self._file = pq.ParquetWriter(path, schema, compression=_leaf_names(compression, schema), use_dictionary=names)

    def write(self, tables: Sequence[pa.Table]) -> None:
        """Append tables, each as a row group, which can be read without the others."""
        for table in tables:
            if table.num_rows:
                self._digest.update(table)
                self._file.write_table(table)

    def close(self) -> None:
        """Finish the file."""
        self._file.add_key_value_metadata({**self._stamp, CHECKSUM: self._digest.value()})
        self._file.close()


@contextmanager
def prediction_writer(path: Path, schema: pa.Schema, run: str, chunk: int | str) -> Iterator[PredictionWriter]:
    """A writer of a file that appears when the block succeeds, as a whole.

    Raises:
        RunError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replace_atomically(path) as temporary:
        writer = PredictionWriter(temporary, schema, run, chunk)
        try:
            yield writer
        finally:
            writer.close()


def prediction_schema(tasks: Mapping[str, bool], *, logits: bool) -> pa.Schema:
    """The schema of the rows.

    Args:
        tasks: name -> whether its prediction is a label map.
        logits: whether logits are stored.
    """
    fields = [
        pa.field("model", pa.string(), nullable=False),
        pa.field("corruption", pa.string(), nullable=False),
        pa.field("severity", pa.float64(), nullable=False),
        pa.field("replicate", pa.int16(), nullable=False),
        pa.field("image_id", pa.string(), nullable=False),
    ]
    for name, is_map in tasks.items():
        fields.append(pa.field(name, pa.binary() if is_map else pa.list_(pa.float32())))
        if logits:
            fields.append(pa.field(logits_column(name), pa.binary()))
            fields.append(pa.field(shape_column(name), pa.list_(pa.int32())))
    return pa.schema(fields)


def logits_column(task: str) -> str:
    """The column with the logits of a task."""
    return f"{task}_logits"


def shape_column(task: str) -> str:
    """The column with the shape of the logits of a task."""
    return f"{task}_logits_shape"


def worst_name(count: int | str) -> str:
    """Instead of the number of a chunk: the file with so many of the largest drops of each model and corruption."""
    return f"worst-{count}"


def chunk_file(folder: Path, chunk: int | str) -> Path:
    """The file in a run folder with the predictions of a chunk, or of the largest drops."""
    name = chunk if isinstance(chunk, str) else f"chunk-{chunk:05d}"
    return folder / PREDICTIONS / f"{name}.parquet"


def prediction_problem(path: Path, run: str, chunk: int | str, *, logits: bool) -> str:
    """Why a file does not have the predictions of a chunk of a run; empty where it has.

    Args:
        path: of the file.
        run: digest of the run's identity.
        chunk: its number, or :func:`worst_name`.
        logits: whether it needs to have logits.
    """
    if path.is_symlink() or not path.is_file():
        return "no such file"
    try:
        with pq.ParquetFile(path) as file:
            stamp = {key: (file.metadata.metadata or {}).get(key) for key in (RUN, CHUNK, CHECKSUM)}
            if stamp[RUN] != run.encode() or stamp[CHUNK] != str(chunk).encode():
                return "they are those of another run or chunk"
            digest = _Digest(file.schema_arrow, {key: value for key, value in stamp.items() if key != CHECKSUM})
            if logits and not any(name.endswith(logits_column("")) for name in file.schema_arrow.names):
                return "they have no logits"
            for group in range(file.num_row_groups):
                digest.update(file.read_row_group(group, use_threads=False))
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        return f"they are damaged ({str(error).partition(chr(10))[0]})"
    return "" if digest.value() == stamp[CHECKSUM] else "they are damaged or were changed"


def missing_predictions(folder: Path, run: str, chunk: int, mode: str) -> str:
    """Why a run folder lacks predictions of a chunk that a run stores; empty where nothing is missing.

    Args:
        mode: see :data:`~robustbench_endo.evaluation.config.PREDICTIONS`.
    """
    if not mode.startswith("all"):
        return ""
    return prediction_problem(chunk_file(folder, chunk), run, chunk, logits=mode.endswith("+logits"))


class _Digest:
    """SHA-256 over the rows of a file, however they are divided into row groups."""

    def __init__(self, schema: pa.Schema, stamp: Mapping[bytes, Any]) -> None:
        self._digest = hashlib.sha256(repr((schema.names, stamp)).encode())

    def update(self, table: pa.Table) -> None:
        for row in zip(*(table[name] for name in table.column_names), strict=True):
            for cell in row:
                value = cell.as_py()
                content = value if isinstance(value, bytes) else repr(value).encode()
                self._digest.update(b"%d:" % len(content))
                self._digest.update(content)

    def value(self) -> bytes:
        return self._digest.hexdigest().encode()


def _is_map(field: pa.Field) -> bool:
    return bool(pa.types.is_binary(field.type)) and not field.name.endswith(logits_column(""))


def _leaf_names(compression: Mapping[str, str], schema: pa.Schema) -> dict[str, str]:
    """Compression by the names that Parquet gives the columns: those of lists have two more parts."""
    return {
        f"{name}.list.element" if pa.types.is_list(schema.field(name).type) else name: kind
        for name, kind in compression.items()
    }
