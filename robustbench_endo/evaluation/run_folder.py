"""A run on disk: what it is, what of it is done, and what it came to."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from robustbench_endo.errors import DataError, RunError
from robustbench_endo.evaluation.batch import Failure
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.merge_records import FAILURES, gather, read_failures
from robustbench_endo.results.io import RESULTS_FILE, RUN_FILE, read_json, write_json, write_table


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
                f"Expected a folder that can be written for --out, got {path} ({error.strerror}): choose another."
            ) from error
        if not os.access(path / "records", os.W_OK):
            raise RunError(f"Expected a folder that can be written for --out, got {path} read-only: choose another.")

    def open(self, info: Mapping[str, Any]) -> Mapping[str, Any]:
        """Start the run, or go on with it when it is the same one; the content of ``run.json``.

        Several processes may do so at once. The file of a finished run is left as it is, until it is finished anew.

        Raises:
            RunError: the folder holds a run whose identity differs, or that is cut in another number of shards.
        """
        before = read_json(self.path / RUN_FILE) if (self.path / RUN_FILE).is_file() else None
        if before is not None:
            check_same(before.get("identity", {}), info["identity"], self.path)
            _check_shards(before, info, self.path)
            info = {**info, "created": before["created"]}
        if before is None or not before.get("finished"):
            write_json(self.path / RUN_FILE, info)
        return info

    def has_chunk(self, index: int) -> bool:
        """Are the records of this chunk written?"""
        return chunk_file(self.path, index).is_file()

    def without_chunk(self, indices: Iterable[int]) -> list[int]:
        """Those of the chunks whose records are not there, other machines' newest ones looked for."""
        # A network file system forgets what it believes of a folder when something is made in it.
        with tempfile.TemporaryFile(dir=self.path / "records"):
            return [index for index in indices if not self.has_chunk(index)]

    def write_chunk(self, index: int, table: pa.Table, failures: Sequence[Failure]) -> None:
        """Write the records of a chunk, whole, with what could not be used."""
        listed = json.dumps([asdict(failure) for failure in failures]).encode()
        write_table(chunk_file(self.path, index), table.replace_schema_metadata({FAILURES: listed}))

    def finish(self, chunks: int, info: Mapping[str, Any], conditions: Sequence[Condition]) -> Mapping[str, Any]:
        """Write all records in order as ``results.parquet``, and ``run.json`` with what could not be used.

        Raises:
            DataError: no frame could be read.
        """
        files = [chunk_file(self.path, index) for index in range(chunks)]
        failures = read_failures(files)
        if not gather(self.path / RESULTS_FILE, files, [model["name"] for model in info["models"]], conditions):
            found = f"none of {info['data']['frames']}: {failures[0]['reason']}"
            raise DataError(f"Expected at least one readable frame, got {found}")
        info = {**info, "failures": failures}
        write_json(self.path / RUN_FILE, info)
        for left in (self.path / "records").glob(".chunk-*"):
            left.unlink(missing_ok=True)  # of a process that was killed while it wrote
        return info


def chunk_file(folder: Path, index: int) -> Path:
    """Where a run folder has the records of a chunk."""
    return folder / "records" / f"chunk-{index:05d}.parquet"


def check_same(before: Mapping[str, Any], now: Mapping[str, Any], path: Path) -> None:
    """Raise :class:`RunError` when a run is resumed with something else than it began with."""
    if details := differences(before, now):
        raise RunError(
            f"Expected to resume the run in {path}, got another one ({details}): give another --out, or delete "
            "the folder to start over."
        )


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """In what two identities differ; empty where they are the same."""
    now = json.loads(json.dumps(now))  # as it would be read back: tuples are lists
    changed = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return "; ".join(f"{name} was {_short(before.get(name))}, is {_short(now.get(name))}" for name in changed)


def _check_shards(before: Mapping[str, Any], now: Mapping[str, Any], path: Path) -> None:
    cut, wanted = before.get("shards"), now.get("shards")
    if cut and wanted and cut != wanted and not before.get("finished"):
        raise RunError(
            f"Expected a shard of {cut}, as the run in {path} is cut, got one of {wanted}: give --shard i/{cut}, or "
            "leave --shard out to compute all that is missing."
        )


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:60]}... ({len(text)} characters)"
