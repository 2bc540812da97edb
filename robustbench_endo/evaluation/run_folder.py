"""A run on disk: its description, the records of finished chunks, and the merged results."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from robustbench_endo.errors import DataError, RunError
from robustbench_endo.evaluation.batch import Failure
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.records import FAILURES, merge_records, read_failures
from robustbench_endo.io_utils import check_resumable, read_json, writable_folder, write_json
from robustbench_endo.results.io import RESULTS_FILE, RUN_FILE, check_records, write_table


class RunFolder:
    """``run.json``, ``records/`` and ``results.parquet`` of one run.

    Args:
        path: created where it is missing.

    Raises:
        RunError: the folder cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        writable_folder(path / "records")

    def open(self, info: Mapping[str, Any]) -> Mapping[str, Any]:
        """Start the run, or resume it when it is the same one; the content of ``run.json``.

        Several processes may do so at once. The file of a finished run is not changed until the run finishes again.

        Raises:
            RunError: the folder holds another run, or one with another number of shards.
        """
        before = read_json(self.path / RUN_FILE) if (self.path / RUN_FILE).is_file() else None
        if before is not None:
            check_resumable(before.get("identity", {}), info["identity"], self.path)
            _check_shards(before, info, self.path)
            info = {**info, "created": before["created"]}
        if before is None or not before.get("finished"):
            write_json(self.path / RUN_FILE, info)
        return info

    def has_chunk(self, chunk: int) -> bool:
        """Whether the records of a chunk are written."""
        return chunk_file(self.path, chunk).is_file()

    def missing_chunks(self, chunks: Iterable[int]) -> list[int]:
        """Those of the chunks without records, including recent writes of other machines."""
        # A network file system drops its cached listing of a folder when a file is created in it.
        with tempfile.TemporaryFile(dir=self.path / "records"):
            return [chunk for chunk in chunks if not self.has_chunk(chunk)]

    def write_chunk(self, chunk: int, table: pa.Table, failures: Sequence[Failure]) -> None:
        """Write the records of a chunk atomically, with the frames and predictions that could not be used."""
        encoded = json.dumps([asdict(failure) for failure in failures]).encode()
        write_table(chunk_file(self.path, chunk), table.replace_schema_metadata({FAILURES: encoded}))

    def finish(self, chunks: int, info: Mapping[str, Any], conditions: Sequence[Condition]) -> Mapping[str, Any]:
        """Merge all records as ``results.parquet``, and complete ``run.json``.

        Raises:
            DataError: no frame could be read.
            RunError: records of something else.
        """
        files = [chunk_file(self.path, chunk) for chunk in range(chunks)]
        for file in files:
            check_records(file, dict(info))
        failures = read_failures(files)
        models = [model["name"] for model in info["models"]]
        if not merge_records(self.path / RESULTS_FILE, files, models, conditions):
            raise DataError(
                f"Expected at least one readable frame, got none of {info['data']['frames']}: {failures[0]['reason']}"
            )
        info = {**info, "failures": failures}
        write_json(self.path / RUN_FILE, info)
        for partial in (self.path / "records").glob(".chunk-*"):
            partial.unlink(missing_ok=True)  # of a process that was killed while it wrote
        return info


def chunk_file(folder: Path, chunk: int) -> Path:
    """The file in a run folder with the records of a chunk."""
    return folder / "records" / f"chunk-{chunk:05d}.parquet"


def _check_shards(before: Mapping[str, Any], now: Mapping[str, Any], path: Path) -> None:
    stored, requested = before.get("shards"), now.get("shards")
    if stored and requested and stored != requested and not before.get("finished"):
        raise RunError(
            f"Cannot resume {path}: it is divided into {stored} shards, not {requested}. Use --shard i/{stored}, or "
            "leave --shard out to compute everything that is missing."
        )
