"""What makes the records of a chunk verifiable without any other file: a checksum, the run and the number, in the file.

They are in the file itself, because several machines write chunks of one run at the same time.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from robustbench_endo.evaluation.records import FAILURES

RUN, NUMBER, CHECKSUM = b"run", b"chunk", b"checksum"
"""Metadata keys of a chunk's table: digest of the run's identity, number of the chunk, SHA-256 of both and the rows."""


NO_FILE = "no such file"
"""The problem of a chunk without file."""


def chunk_stamp(table: pa.Table, failures: bytes, run: str, chunk: int) -> dict[bytes, bytes]:
    """The metadata of a chunk's table.

    Args:
        table: the records.
        failures: frames and predictions that could not be used, as JSON.
        run: digest of the run's identity.
        chunk: its number.
    """
    stamp = {FAILURES: failures, RUN: run.encode(), NUMBER: str(chunk).encode()}
    return {**stamp, CHECKSUM: _checksum(table, stamp).encode()}


def chunk_problem(path: Path, run: str, chunk: int) -> str:
    """Why a file is not the records of a chunk of a run; empty where it is.

    Args:
        path: of the file.
        run: digest of the run's identity.
        chunk: its number.
    """
    if path.is_symlink() or not path.is_file():
        return NO_FILE
    try:
        with pq.ParquetFile(path) as file:
            table = file.read(use_threads=False)
        stamp = dict(table.schema.metadata or {})
        checksum = stamp.pop(CHECKSUM, b"").decode()
        if set(stamp) != {FAILURES, RUN, NUMBER}:
            return "they are not records of this version"
        if checksum != _checksum(table, stamp):
            return "they are damaged or were changed"
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        return f"they are damaged ({str(error).partition(chr(10))[0]})"
    if stamp[RUN] != run.encode():
        return "they belong to another run"
    return "" if stamp[NUMBER] == str(chunk).encode() else "they are those of another chunk"


def _checksum(table: pa.Table, stamp: dict[bytes, bytes]) -> str:
    """SHA-256 over names, types and values of all columns and over the metadata, however the file stores them."""
    digest = hashlib.sha256(repr(sorted(stamp.items())).encode())
    for field in table.schema:
        digest.update(f"\0{field.name}\0{field.type}\0".encode())
        column = table[field.name].combine_chunks()
        if pa.types.is_floating(field.type):
            values = column.to_numpy(zero_copy_only=False)
            # A NaN may get other bits in the file.
            digest.update(np.where(np.isnan(values), np.array(np.nan, values.dtype), values).tobytes())
        elif pa.types.is_primitive(field.type):
            digest.update(column.to_numpy(zero_copy_only=False).tobytes())
        else:
            digest.update(json.dumps(column.to_pylist()).encode())
    return digest.hexdigest()
