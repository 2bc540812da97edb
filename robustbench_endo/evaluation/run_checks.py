"""Checks of the files of a run folder, before anything in them is believed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.chunk_integrity import chunk_problem
from robustbench_endo.evaluation.conditions import list_conditions
from robustbench_endo.evaluation.records import merge_records
from robustbench_endo.evaluation.run_folder import chunk_file
from robustbench_endo.io_utils import file_sha256
from robustbench_endo.results.integrity import RESULTS_FILE, RUN_FILE, check_intact, content_sha256
from robustbench_endo.results.io import open_run_folder, read_frame, read_records
from robustbench_endo.results.verify import Check

Step = Callable[[Path, dict[str, Any]], object]


def check_folder(path: str | Path) -> list[Check]:
    """Check description, checksums, records and their completeness, in this order; the first failure is the last check.

    Raises:
        RunError: there is no finished run.
    """
    folder = Path(path)
    root = folder.parent if folder.is_file() else folder
    if not all((root / name).is_file() for name in (RUN_FILE, RESULTS_FILE)):
        open_run_folder(folder)  # raises its error
    info: dict[str, Any] = {}

    def describe(*_: object) -> None:
        info.update(open_run_folder(folder)[1])

    steps: Mapping[str, Step] = {
        "run.json is as the run wrote it and describes a run": describe,
        "every file has the checksum that run.json names": check_intact,
        "results.parquet has the records of all chunks": _check_chunks,
        "every model has every frame under every condition, once": read_records,
    }
    checks: list[Check] = []
    for name, step in steps.items():
        try:
            step(root, info)
        except RunError as error:
            return [*checks, Check(name, str(error))]
        checks.append(Check(name, ""))
    return checks


def run_conditions(info: Mapping[str, Any]) -> list[Any]:
    """The conditions of a run, in order, by its run.json."""
    return list_conditions(
        [entry["name"] for entry in info["corruptions"]],
        info["severities"],
        [entry["name"] for entry in info.get("recorded_conditions", ())],
        {entry["name"]: info["replicates"] for entry in info["corruptions"] if entry.get("stochastic", True)},
    )


def _check_chunks(folder: Path, info: dict[str, Any]) -> None:
    """Merge the chunks again, and compare."""
    chunks = info.get("chunks", 0)
    if not isinstance(info.get("identity"), dict) or not 0 < chunks <= info["data"].get("frames", 0):
        raise RunError(
            f"Expected the identity and the chunks of a run in {folder / RUN_FILE}, got none: evaluate again."
        )
    run = content_sha256(info["identity"])
    files = [chunk_file(folder, chunk) for chunk in range(chunks)]
    for chunk, file in enumerate(files):
        if problem := chunk_problem(file, run, chunk):
            raise RunError(f"Cannot use the records {file}: {problem}. Run the same robust-endo evaluate again.")
    with tempfile.TemporaryDirectory() as temporary:
        merged = Path(temporary) / RESULTS_FILE
        merge_records(merged, files, [entry["name"] for entry in info["models"]], run_conditions(info))
        results = folder / RESULTS_FILE
        if file_sha256(merged) == file_sha256(results):
            return
        # Another version of pyarrow writes the same records as other bytes.
        first, second = (read_frame(path, info) for path in (merged, results))
    if not first.equals(second):
        raise RunError(
            f"Expected in {results} the records of the run's chunks, got others: restore the folder, or run the same "
            "robust-endo evaluate again."
        )
