"""Content of run folders: what differs between two of them, and files that should not be there."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

TIMES = ("created", "finished", "timings", "trained", "date", "seconds", "resumed", "commit")
"""Keys of run.json and model.json that depend on the time; the checkout may change while a test runs."""

REPORTS = ("report.html", "report.pdf", "report.tex", "report.md")
NOT_COMPARED = (*REPORTS, "state.pt", "run.log")
"""Files that depend on the time, or that exist only until a training ends."""
RUN_FILES = ("run.json", "results.parquet", "summary.csv", "report.html")
CHECKPOINT_FILES = ("model.safetensors", "model.json", "history.csv")


def without_times(content: Any) -> Any:
    """JSON without the entries that depend on the time, and without digests of such a file."""
    if isinstance(content, dict):
        return {key: without_times(value) for key, value in content.items() if key not in TIMES}
    return [without_times(value) for value in content] if isinstance(content, list) else content


def listing(folder: Path) -> dict[str, str]:
    """Relative path -> SHA-256 of all files below a folder; links as where they point."""
    files: dict[str, str] = {}
    for root, folders, names in os.walk(folder):
        for name in [*names, *(each for each in folders if (Path(root) / each).is_symlink())]:
            path = Path(root) / name
            relative = path.relative_to(folder).as_posix()
            files[relative] = f"-> {path.readlink()}" if path.is_symlink() else _sha256(path)
    return files


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "special"


def content_of(folder: Path, ignored: Iterable[str] = ()) -> dict[str, str]:
    """Relative path -> digest of what must be the same after any interruption."""
    files = {name: digest for name, digest in listing(folder).items() if name not in {*NOT_COMPARED, *ignored}}
    for name in ("run.json", "model.json"):
        if name in files:
            content = json.loads((folder / name).read_text("utf-8"))
            content.pop("checksum", None)  # of the file, which has times
            files[name] = json.dumps(without_times(content), sort_keys=True)
    return files


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """The first files that differ, as text; empty where none does."""
    names = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    if names == ["run.json"]:
        return f"run.json differs: {_json_difference(before['run.json'], after['run.json'])}"
    return f"{len(names)} files differ: {', '.join(names[:4])}" if names else ""


def _json_difference(before: str, after: str) -> str:
    first, second = json.loads(before), json.loads(after)
    keys = [key for key in {**first, **second} if first.get(key) != second.get(key)]
    return ", ".join(f"{key} {str(first.get(key))[:60]} / {str(second.get(key))[:60]}" for key in keys)


def missing_files(folder: Path, names: Iterable[str]) -> str:
    """Expected files that do not exist or are empty, as text."""
    missing = [name for name in names if not (folder / name).is_file() or not (folder / name).stat().st_size]
    return f"missing: {', '.join(missing)}" if missing else ""


def stray_files(folder: Path) -> list[str]:
    """Hidden and temporary files below a folder."""
    return [name for name in listing(folder) if _is_temporary(name.rpartition("/")[2])]


def _is_temporary(name: str) -> bool:
    return name.startswith((".", "tmp")) or name.endswith((".tmp", ".part", "~"))


def newest(paths: Iterable[Path]) -> float:
    """The latest time at which one of some files was written; 0 without files."""
    times = []
    for path in paths:
        try:
            times.append(path.stat().st_mtime)
        except OSError:
            continue
    return max(times, default=0.0)
