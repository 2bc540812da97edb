"""A run on disk: what it is, what of it is done, and what it came to."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.frames import Failure
from robustbench_endo.results.store import RESULTS_FILE, RUN_FILE, read_json, write_json, write_table

_FAILURES = b"failures"


class RunFolder:
    """``run.json``, ``records/``, ``results.parquet`` of one run.

    Args:
        path: made when it is not there.

    Raises:
        RunError: the folder cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            (path / "records").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(
                f"Expected a folder that can be written for --out, found {path} ({error.strerror}): choose another."
            ) from error
        if not os.access(path / "records", os.W_OK):
            raise RunError(f"Expected a folder that can be written for --out, found {path} read-only: choose another.")

    def open(self, info: Mapping[str, Any]) -> Mapping[str, Any]:
        """Start the run, or go on with it when it is the same one; the content of ``run.json``.

        Raises:
            RunError: the folder holds a run whose identity differs; says in what.
        """
        if (self.path / RUN_FILE).is_file():
            before = read_json(self.path / RUN_FILE)
            check_same(before.get("identity", {}), info["identity"], self.path)
            info = {**info, "created": before["created"]}
        write_json(self.path / RUN_FILE, info)
        return info

    def has_chunk(self, index: int) -> bool:
        """Are the records of this chunk written?"""
        return self._chunk(index).is_file()

    def write_chunk(self, index: int, table: pa.Table, failures: Sequence[Failure]) -> None:
        """Write the records of a chunk, whole, with what could not be used."""
        listed = json.dumps([asdict(failure) for failure in failures]).encode()
        write_table(self._chunk(index), table.replace_schema_metadata({_FAILURES: listed}))

    def read_chunks(self, count: int) -> tuple[pa.Table, list[dict[str, str]]]:
        """All records and failures, in the order of the chunks."""
        tables = [pq.read_table(self._chunk(index)) for index in range(count)]
        failures = [entry for table in tables for entry in json.loads(table.schema.metadata[_FAILURES])]
        return pa.concat_tables(table.replace_schema_metadata(None) for table in tables), failures

    def finish(self, records: pa.Table, info: Mapping[str, Any]) -> None:
        """Write the merged records and the final ``run.json``."""
        write_table(self.path / RESULTS_FILE, records)
        write_json(self.path / RUN_FILE, info)

    def _chunk(self, index: int) -> Path:
        return self.path / "records" / f"chunk-{index:05d}.parquet"


def check_same(before: Mapping[str, Any], now: Mapping[str, Any], path: Path) -> None:
    """Raise :class:`RunError` when a run is resumed with something else than it began with."""
    now = json.loads(json.dumps(now))  # as it would be read back: tuples are lists
    changed = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    if changed:
        details = "; ".join(f"{name} was {_short(before.get(name))}, is {_short(now.get(name))}" for name in changed)
        raise RunError(
            f"Expected to resume the run in {path}, found another one ({details}): give another --out, or delete "
            "the folder to start over."
        )


def in_order(records: pa.Table, models: Sequence[str], conditions: Sequence[tuple[str, int]]) -> pa.Table:
    """Records by model, then condition, then frame: the same table whatever the chunks were."""
    frame = records.select(["model", "corruption", "severity"]).to_pandas()
    model = frame["model"].map({name: i for i, name in enumerate(models)}).to_numpy()
    rank = {condition: i for i, condition in enumerate(conditions)}
    condition = np.array([rank[pair] for pair in zip(frame["corruption"], frame["severity"], strict=True)], np.int64)
    return records.take(pa.array(np.lexsort((np.arange(len(frame)), condition, model))))


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:60]}... ({len(text)} characters)"
