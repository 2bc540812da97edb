"""Compiled kernels that are older than a source file are removed."""

from __future__ import annotations

import os
from pathlib import Path

from robustbench_endo.corruptions.kernels.stale_caches import delete_stale_caches


def _write(path: Path, time: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (time, time))
    return path


def test_delete_stale_caches_deletes_what_is_older_than_any_source(tmp_path: Path) -> None:
    _write(tmp_path / "caller.py", 10)
    _write(tmp_path / "inner" / "callee.py", 30)
    old = [_write(tmp_path / "__pycache__" / f"caller.f-1.py311.{end}", 20) for end in ("nbi", "1.nbc")]
    new = _write(tmp_path / "inner" / "__pycache__" / "callee.g-1.py311.nbi", 40)
    bytecode = _write(tmp_path / "__pycache__" / "caller.cpython-311.pyc", 20)
    assert delete_stale_caches(tmp_path) == 2
    assert not any(path.exists() for path in old)
    assert new.exists()
    assert bytecode.exists()


def test_delete_stale_caches_does_nothing_to_fresh_caches_and_empty_folders(tmp_path: Path) -> None:
    assert delete_stale_caches(tmp_path) == 0
    _write(tmp_path / "a.py", 10)
    cache = _write(tmp_path / "a.f-1.py311.nbi", 10)
    assert delete_stale_caches(tmp_path) == 0
    assert cache.exists()
