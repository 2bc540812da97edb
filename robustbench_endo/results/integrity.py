"""Checksums of a run folder: run.json names the SHA-256 of every other file, and of its own content.

They detect damage, exchange and edits. They are no signature: whoever can write the folder can compute them again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from robustbench_endo.errors import RunError
from robustbench_endo.io_utils import file_sha256, read_json, write_json

RUN_FILE = "run.json"
RESULTS_FILE = "results.parquet"
SUMMARY_FILE = "summary.csv"
FAILURE_POINTS_FILE, FAILURE_POINTS_CSV = "failure_points.parquet", "failure_points.csv"
SINGLE_FILES = (RESULTS_FILE, SUMMARY_FILE, FAILURE_POINTS_FILE, FAILURE_POINTS_CSV)
RECORDS, GALLERY, PREDICTIONS = "records", "gallery", "predictions"
FOLDERS = (RECORDS, GALLERY, PREDICTIONS)
"""Folders of a run whose files have checksums, with those of the run folder itself in :data:`SINGLE_FILES`."""

CHECKSUM, FILES = "checksum", "files"
"""Keys of run.json: SHA-256 of its other content, and path -> SHA-256 of the files of a finished run."""

_RESTORE = "restore the folder, or run the same robust-endo evaluate again to compute what is damaged"


def content_sha256(content: object) -> str:
    """SHA-256 of a JSON value, whatever the order of its keys.

    >>> content_sha256({"a": 1, "b": 2}) == content_sha256({"b": 2, "a": 1})
    True
    """
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def write_run(folder: Path, info: Mapping[str, Any], *, finished: bool = True) -> dict[str, Any]:
    """Write run.json with its checksum and, for a finished run, those of all files; the content."""
    described: dict[str, Any] = {name: value for name, value in info.items() if name not in (CHECKSUM, FILES)}
    described = json.loads(json.dumps(described))  # as it is read back
    if finished:
        described[FILES] = {str(path.relative_to(folder).as_posix()): file_sha256(path) for path in run_files(folder)}
    described[CHECKSUM] = content_sha256(described)
    write_json(folder / RUN_FILE, described)
    return described


def read_run(folder: Path) -> dict[str, Any]:
    """The content of run.json.

    Raises:
        RunError: it cannot be read, was written by another version, or was changed after it was written.
    """
    path = folder / RUN_FILE
    info = read_json(path)
    if not isinstance(info.get(CHECKSUM), str):
        raise RunError(
            f"Expected a run of this version in {folder}, got a {RUN_FILE} without checksum: evaluate again."
        )
    if content_sha256({name: value for name, value in info.items() if name != CHECKSUM}) != info[CHECKSUM]:
        raise RunError(
            f"Cannot use {folder}: {RUN_FILE} was changed after the run wrote it. Restore the file, or evaluate again "
            "with a new --out."
        )
    return info


def run_files(folder: Path) -> list[Path]:
    """The files of a run folder that have checksums, sorted; reports, which can be written again, have none."""
    single = [folder / name for name in SINGLE_FILES if (folder / name).is_file()]
    below = [path for name in FOLDERS for path in (folder / name).rglob("*") if path.is_file()]
    return sorted([*single, *(path for path in below if not path.name.startswith("."))])


def damaged_files(folder: Path, info: Mapping[str, Any]) -> dict[str, str]:
    """Path -> ``missing``, ``changed`` or ``not written by the run``, for the files that run.json does not describe."""
    expected = dict(info.get(FILES, {}))
    problems = {}
    for name, digest in expected.items():
        path = folder / name
        if not is_inside(name) or path.is_symlink() or not path.is_file():
            problems[name] = "missing"
        elif file_sha256(path) != digest:
            problems[name] = "changed"
    written = [path.relative_to(folder).as_posix() for path in run_files(folder)]
    return problems | {name: "not written by the run" for name in written if name not in expected}


def check_intact(folder: Path, info: Mapping[str, Any]) -> None:
    """Raise :class:`RunError` unless the files of a finished run are those that it wrote."""
    try:
        problems = damaged_files(folder, info)
    except OSError as error:
        raise RunError(f"Cannot read {error.filename or folder}: {error.strerror}. Check its permissions.") from error
    if problems:
        name, problem = next(iter(problems.items()))
        more = f", and {len(problems) - 1} more files" if len(problems) > 1 else ""
        raise RunError(f"Expected the files that the run in {folder} wrote, got {name} {problem}{more}: {_RESTORE}.")


def run_at(path: Path) -> Path | None:
    """The run folder whose run.json, or whose files with checksums, a path is or would be among; None for no run."""
    path = Path(os.path.realpath(path))
    if path.name in (RUN_FILE, *SINGLE_FILES) and (path.parent / RUN_FILE).is_file():
        return path.parent
    inside = (each.parent for each in (path, *path.parents) if each.name in FOLDERS)
    return next((folder for folder in inside if (folder / RUN_FILE).is_file()), None)


def is_inside(name: str) -> bool:
    """Whether a relative path stays in its folder.

    >>> is_inside("gallery/0/clean-0.webp"), is_inside("../other"), is_inside("/etc/hosts")
    (True, False, False)
    """
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and "\\" not in name and "\0" not in name
