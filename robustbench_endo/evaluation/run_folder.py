"""A run on disk: its description, the records of finished chunks, and the merged results."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from robustbench_endo.errors import DataError, RunError
from robustbench_endo.evaluation.batch import Failure
from robustbench_endo.evaluation.chunk_integrity import chunk_problem, chunk_stamp
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.names import printable
from robustbench_endo.evaluation.records import merge_records, read_failures
from robustbench_endo.io_utils import check_resumable, remove_stale_temporaries, writable_folder
from robustbench_endo.predictions.files import chunk_file as prediction_file
from robustbench_endo.predictions.files import missing_predictions
from robustbench_endo.results.integrity import (
    RECORDS,
    RESULTS_FILE,
    RUN_FILE,
    content_sha256,
    damaged_files,
    read_run,
    write_run,
)
from robustbench_endo.results.io import write_table

log = logging.getLogger(__name__)


class RunFolder:
    """``run.json``, ``records/``, ``predictions/`` and ``results.parquet`` of one run.

    Several processes may compute the same run in one folder: each writes whole files of the same bytes.

    Args:
        path: created where it is missing.
        predictions: which predictions the run stores, see :data:`~robustbench_endo.evaluation.config.PREDICTIONS`.

    Attributes:
        run: digest of the run's identity, which its chunks carry; empty until :meth:`open` or :meth:`join`.

    Raises:
        RunError: the folder cannot be written.
    """

    def __init__(self, path: Path, predictions: str = "none") -> None:
        self.path = path
        self.predictions = predictions
        self.run = ""
        self._damaged: set[str] = set()
        writable_folder(path / RECORDS)

    def open(self, info: Mapping[str, Any]) -> Mapping[str, Any]:
        """Start the run, or resume it when it is the same one; the content of ``run.json``.

        Several processes may do so at once. The file of a finished run is not changed until the run finishes again.

        Raises:
            RunError: the folder holds another run, one with another number of shards, or a changed run.json.
        """
        before = read_run(self.path) if (self.path / RUN_FILE).is_file() else None
        if before is not None:
            check_resumable(before.get("identity", {}), info["identity"], self.path)
            _check_shards(before, info, self.path)
            info = {**info, "created": before["created"]}
            if before.get("finished"):
                self._damaged = set(damaged_files(self.path, before))
        if before is None or not before.get("finished"):
            write_run(self.path, info, finished=False)
        self.join(info["identity"])
        return info

    def join(self, identity: Mapping[str, Any]) -> None:
        """Compute chunks of a run that another process has opened."""
        self.run = content_sha256(json.loads(json.dumps(identity)))

    def has_chunk(self, chunk: int) -> bool:
        """Whether records and predictions of a chunk are written, undamaged, and of this run."""
        file = chunk_file(self.path, chunk)
        intact = self._name(file) not in self._damaged and not chunk_problem(file, self.run, chunk)
        return intact and self._has_predictions(chunk)

    def _has_predictions(self, chunk: int) -> bool:
        damaged = self._name(prediction_file(self.path, chunk)) in self._damaged
        return not damaged and not missing_predictions(self.path, self.run, chunk, self.predictions)

    def restored(self, file: Path) -> None:
        """A file was written again, so that it is not damaged any more."""
        self._damaged.discard(self._name(file))

    def _name(self, file: Path) -> str:
        return file.relative_to(self.path).as_posix()

    def is_damaged(self, name: str) -> bool:
        """Whether a file of the finished run that was opened is missing, changed or not the run's."""
        return name in self._damaged

    def missing_chunks(self, chunks: Iterable[int]) -> list[int]:
        """Those of the chunks without usable records, including recent writes of other machines."""
        # A network file system drops its cached listing of a folder when a file is created in it.
        with tempfile.TemporaryFile(dir=self.path / RECORDS):
            return [chunk for chunk in chunks if not self.has_chunk(chunk)]

    def write_chunk(self, chunk: int, table: pa.Table, failures: Sequence[Failure]) -> None:
        """Write the records of a chunk atomically, with the frames and predictions that could not be used."""
        # Reasons may quote a damaged file.
        entries = [{name: printable(text) for name, text in asdict(failure).items()} for failure in failures]
        encoded = json.dumps(entries).encode()
        stamp = chunk_stamp(table, encoded, self.run, chunk)
        file = chunk_file(self.path, chunk)
        write_table(file, table.replace_schema_metadata(stamp))
        self.restored(file)
        log.debug("Chunk %d is written: %d records, %d failures.", chunk, table.num_rows, len(entries))

    def finish(self, chunks: int, info: Mapping[str, Any], conditions: Sequence[Condition]) -> dict[str, Any]:
        """Merge all records as ``results.parquet``; the content of ``run.json`` with the failures.

        Raises:
            DataError: no frame could be read.
            RunError: records that are damaged or of another run.
        """
        files = [chunk_file(self.path, chunk) for chunk in range(chunks)]
        for chunk, file in enumerate(files):
            if problem := chunk_problem(file, self.run, chunk):
                raise RunError(
                    f"Cannot use the records {file}: {problem}. Run the same robust-endo evaluate again, which "
                    "computes them."
                )
        failures = read_failures(files)
        models = [model["name"] for model in info["models"]]
        if not merge_records(self.path / RESULTS_FILE, files, models, conditions):
            raise DataError(
                f"Expected at least one readable frame, got none of {info['data']['frames']}: {failures[0]['reason']}"
            )
        remove_stale_temporaries(self.path)
        return {**info, "failures": failures}


def chunk_file(folder: Path, chunk: int) -> Path:
    """The file in a run folder with the records of a chunk."""
    return folder / RECORDS / f"chunk-{chunk:05d}.parquet"


def _check_shards(before: Mapping[str, Any], now: Mapping[str, Any], path: Path) -> None:
    stored, requested = before.get("shards"), now.get("shards")
    if stored and requested and stored != requested and not before.get("finished"):
        raise RunError(
            f"Cannot resume {path}: it is divided into {stored} shards, not {requested}. Use --shard i/{stored}, or "
            "leave --shard out to compute everything that is missing."
        )
