"""From the records of chunks to one table in order, with little more in memory than a part of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.results.io import write_whole
from robustbench_endo.results.schema import check_schema

FAILURES = b"failures"
"""Where the metadata of a chunk's table have what could not be used, as JSON."""

ROWS, PARTS = 1 << 14, 16
"""Rows that are held at a time, and times at most that all chunks are read for it."""


def gather(target: Path, chunks: Sequence[Path], models: Sequence[str], conditions: Sequence[Condition]) -> int:
    """Write the records of all chunks by model, then condition, then frame: the same bytes whatever the chunks were.

    Args:
        target: the Parquet file to write, whole or not at all.
        chunks: files of records, in the order of the frames.

    Returns:
        The number of records; nothing is written where there are none.

    Raises:
        RunError: a chunk without the columns of the schema.
    """
    places = _places(chunks, models, conditions)
    rows = sum(map(len, places))
    if rows:
        schema = pq.read_schema(chunks[0]).remove_metadata()
        check_schema(schema, str(chunks[0]))

        def write(file: object) -> None:
            with pq.ParquetWriter(file, schema, compression="zstd") as writer:
                for part in _parts(chunks, places, max(ROWS, -(-rows // PARTS))):
                    writer.write_table(part)

        write_whole(target, write)
    return rows


def read_failures(chunks: Sequence[Path]) -> list[dict[str, str]]:
    """What could not be used, in the order of the chunks."""
    return [entry for chunk in chunks for entry in json.loads(pq.read_schema(chunk).metadata[FAILURES])]


def _places(chunks: Sequence[Path], models: Sequence[str], conditions: Sequence[Condition]) -> list[NDArray[np.int64]]:
    """Place in the whole table of each row of each chunk."""
    kinds = list(dict.fromkeys(condition.corruption for condition in conditions))
    ranks = np.zeros((len(kinds), 1 + max(condition.severity for condition in conditions)), np.int64)
    for rank, (corruption, severity) in enumerate(conditions):
        ranks[kinds.index(corruption), severity] = rank
    codes = []
    for chunk in chunks:
        keys = _read(chunk, ["model", "corruption", "severity"])
        model = pc.index_in(keys["model"], pa.array(models, pa.string())).to_numpy()
        kind = pc.index_in(keys["corruption"], pa.array(kinds, pa.string())).to_numpy()
        codes.append(model * len(conditions) + ranks[kind, keys["severity"].to_numpy()])
    order = np.argsort(np.concatenate(codes), kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return np.split(place, np.cumsum([len(code) for code in codes])[:-1])


def _parts(chunks: Sequence[Path], places: Sequence[NDArray[np.int64]], size: int) -> Iterator[pa.Table]:
    """The whole table in order, ``size`` rows at a time."""
    for start in range(0, sum(map(len, places)), size):
        found, where = [], []
        for chunk, place in zip(chunks, places, strict=True):
            inside = np.flatnonzero((place >= start) & (place < start + size))
            if len(inside):
                table = _read(chunk)
                found.append(table if len(inside) == len(table) else table.take(inside))
                where.append(place[inside])
        yield pa.concat_tables(found).take(np.argsort(np.concatenate(where)))


def _read(chunk: Path, columns: Sequence[str] | None = None) -> pa.Table:
    with pq.ParquetFile(chunk) as file:
        return file.read(columns, use_threads=False).replace_schema_metadata(None)
