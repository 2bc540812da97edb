"""Records of an evaluation: one row per frame x condition x draw x model, by chunk, and merged in order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from robustbench_endo.evaluation.batch import Batch, Failure
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.host_copy import HostColumns, HostCopy
from robustbench_endo.io_utils import replace_atomically
from robustbench_endo.results.schema import IMAGE_CHECKSUM, image_checksum
from robustbench_endo.results.severity import severity_codes
from robustbench_endo.tasks.base import Columns, Scores

FAILURES = b"failures"
"""Metadata key of a chunk's table with the frames and predictions that could not be used, as JSON."""

VALID = "valid"
"""Column with whether the logits of a frame are finite, which is no column of results.parquet."""

MAX_ROWS, MAX_PARTS = 1 << 14, 16
"""Rows in memory at a time, and how often all chunks are read at most."""


@dataclass
class Records:
    """Rows of results.parquet, and what could not be used.

    Attributes:
        parts: columns of one model and condition each, in order.
        failures: frames that could not be read, and predictions that could not be scored.
        predictions: tables of what the models predicted, where a run stores it; :meth:`extend` leaves them out, because
            they are written before the rest of the chunk is computed.
    """

    parts: list[Mapping[str, Any]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    predictions: list[pa.Table] = field(default_factory=list)

    def add(self, model: str, condition: Condition, batch: Batch, columns: Columns) -> None:
        """Append a row for every frame of a batch."""
        count = len(batch)
        keys = {
            "model": [model] * count,
            "corruption": [condition.corruption] * count,
            "severity": [condition.severity] * count,
            "replicate": [condition.replicate] * count,
            "image_id": batch.ids,
            "subject_id": batch.subjects,
        }
        self.parts.append({**keys, **columns})

    def add_invalid(self, model: str, condition: Condition, batch: Batch, valid: NDArray[np.generic]) -> None:
        """List the frames for which a model gave a NaN or infinite output: those that are not ``valid``, bool (B,)."""
        reason = f"model {model} gave a NaN or infinite output at {condition}: left out of every score"
        self.failures += [
            Failure(name, reason) for name, usable in zip(batch.ids, valid.tolist(), strict=True) if not usable
        ]

    def extend(self, other: Records) -> None:
        """Append the rows of other records."""
        self.parts += other.parts
        self.failures += other.failures

    def __add__(self, other: Records) -> Records:
        joined = self.parts + other.parts, self.failures + other.failures, self.predictions + other.predictions
        return Records(*joined)

    def to_table(self, schema: pa.Schema) -> pa.Table:
        """The rows as a table with exactly the columns and types of a schema."""
        return pa.table([_array(self.parts, column) for column in schema], schema=schema)


class PendingRecords:
    """Records of a batch and condition whose values are still being computed or copied.

    Args:
        batch, condition: of the records.
        levels: uint8 (B, 3, H, W), the images that the models saw.
        tables: model -> columns on any device, with :data:`VALID`.
    """

    def __init__(self, batch: Batch, condition: Condition, levels: HostCopy, tables: Mapping[str, Scores]) -> None:
        self._batch, self._condition, self._levels = batch, condition, levels
        self._models, self._columns = list(tables), HostColumns(list(tables.values()))

    def wait(self) -> Records:
        """The records, with the checksums of the images: computed on the host, mostly while the device still works."""
        checksums = np.array([image_checksum(image) for image in self._levels.wait().numpy()], np.int64)
        records = Records()
        for model, columns in zip(self._models, self._columns.wait(), strict=True):
            valid = columns.pop(VALID)
            records.add(model, self._condition, self._batch, {IMAGE_CHECKSUM: checksums, **columns})
            records.add_invalid(model, self._condition, self._batch, valid)
        return records


def _array(parts: Sequence[Mapping[str, Any]], column: pa.Field) -> pa.Array:
    values: Any = np.concatenate([np.asarray(part[column.name]) for part in parts]) if parts else []
    # NaN stays NaN: a null would be a third way to say "not defined".
    return pa.array(values, type=column.type, from_pandas=False)


def merge_records(target: Path, chunks: Sequence[Path], models: Sequence[str], conditions: Sequence[Condition]) -> int:
    """Write the records of all chunks by model, then condition, then frame: the same bytes for any division in chunks.

    Args:
        target: the Parquet file to write, atomically.
        chunks: files of records, in the order of the frames.

    Returns:
        The number of records; nothing is written where there are none.
    """
    positions = _positions(chunks, models, conditions)
    rows = sum(map(len, positions))
    if rows:
        schema = pq.read_schema(chunks[0]).remove_metadata()
        with replace_atomically(target) as path, pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for part in _parts(chunks, positions, max(MAX_ROWS, -(-rows // MAX_PARTS))):
                writer.write_table(part)
    return rows


def read_failures(chunks: Sequence[Path]) -> list[dict[str, str]]:
    """Frames and predictions that could not be used, in the order of the chunks."""
    return [entry for chunk in chunks for entry in json.loads(pq.read_schema(chunk).metadata[FAILURES])]


def _positions(
    chunks: Sequence[Path], models: Sequence[str], conditions: Sequence[Condition]
) -> list[NDArray[np.int64]]:
    """Position in the whole table of each row of each chunk."""
    corruptions = list(dict.fromkeys(condition.corruption for condition in conditions))
    levels = sorted({condition.severity for condition in conditions})
    ranks = np.zeros((len(corruptions), len(levels), 1 + max(each.replicate for each in conditions)), np.int64)
    for rank, (corruption, severity, replicate) in enumerate(conditions):
        ranks[corruptions.index(corruption), levels.index(severity), replicate] = rank
    codes = []
    for chunk in chunks:
        keys = _read(chunk, ["model", "corruption", "severity", "replicate"])
        model = pc.index_in(keys["model"], pa.array(models, pa.string())).to_numpy()
        corruption = pc.index_in(keys["corruption"], pa.array(corruptions, pa.string())).to_numpy()
        level = severity_codes(levels, keys["severity"].to_numpy())
        rank = ranks[corruption, level, keys["replicate"].to_numpy()]
        codes.append(model * len(conditions) + rank)
    order = np.argsort(np.concatenate(codes), kind="stable")
    position = np.empty(len(order), np.int64)
    position[order] = np.arange(len(order))
    return np.split(position, np.cumsum([len(code) for code in codes])[:-1])


def _parts(chunks: Sequence[Path], positions: Sequence[NDArray[np.int64]], size: int) -> Iterator[pa.Table]:
    """The whole table in order, ``size`` rows at a time."""
    for start in range(0, sum(map(len, positions)), size):
        tables, order = [], []
        for chunk, position in zip(chunks, positions, strict=True):
            inside = np.flatnonzero((position >= start) & (position < start + size))
            if len(inside):
                table = _read(chunk)
                tables.append(table if len(inside) == len(table) else table.take(inside))
                order.append(position[inside])
        yield pa.concat_tables(tables).take(np.argsort(np.concatenate(order)))


def _read(chunk: Path, columns: Sequence[str] | None = None) -> pa.Table:
    with pq.ParquetFile(chunk) as file:
        return file.read(columns, use_threads=False).replace_schema_metadata(None)
