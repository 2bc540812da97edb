"""The folder of compiled kernels: which one, by which digest, and when it is deleted."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from robustbench_endo.corruptions.kernels import cache_folder
from robustbench_endo.corruptions.kernels.cache_folder import cache_root, delete_unused, source_digest

DAY = 86_400


@pytest.fixture(autouse=True)
def _search_again(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("ROBUST_ENDO_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("numba.config.CACHE_DIR", "")
    cache_root.cache_clear()
    yield
    cache_root.cache_clear()


def test_cache_root_prefers_the_most_specific_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def root() -> Path | None:
        cache_root.cache_clear()
        return cache_root()

    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert root() == tmp_path / "home" / ".cache" / "robustbench-endo"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert root() == tmp_path / "xdg" / "robustbench-endo"
    monkeypatch.setattr("numba.config.CACHE_DIR", str(tmp_path / "numba"))
    assert root() == tmp_path / "numba" / "robustbench-endo"
    monkeypatch.setenv("ROBUST_ENDO_CACHE", str(tmp_path / "own"))
    assert root() == tmp_path / "own"


def test_cache_root_without_usable_home_is_a_private_temporary_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    root = cache_root()
    assert root is not None
    assert root.parent == tmp_path
    assert root.stat().st_mode & 0o077 == 0


def test_cache_root_is_none_where_others_can_write_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = tmp_path / f"robustbench-endo-{os.getuid()}"
    folder.mkdir()
    folder.chmod(0o777)
    assert cache_root() is None


def test_source_digest_depends_on_imported_sources_not_on_paths(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def digest(version: str, constant: str) -> str:
        folder = tmp_path / version
        folder.mkdir()
        (folder / "caller.py").write_text("from robustbench_endo.fake.middle import (\n    f,\n)\n", "utf-8")
        (folder / "middle.py").write_text("from robustbench_endo.fake import constants\n", "utf-8")
        (folder / "constants.py").write_text(constant, "utf-8")
        for name in ("middle", "constants"):
            module = ModuleType(name)
            module.__file__ = str(folder / f"{name}.py")
            monkeypatch.setitem(sys.modules, f"robustbench_endo.fake.{name}", module)
        return source_digest("robustbench_endo.fake.caller", str(folder / "caller.py"))

    first = digest("first", "SIZE = 1")
    assert digest("reinstalled", "SIZE = 1") == first
    assert digest("changed", "SIZE = 2") != first


def test_delete_unused_deletes_only_old_folders_of_kernels(tmp_path: Path) -> None:
    folders = {}
    for name, days in (("numba-1/old-1", 40), ("numba-1/new-1", 1), ("numba-0/old-2", 31), ("other/old-3", 99)):
        folders[name] = tmp_path / name
        folders[name].mkdir(parents=True)
        (folders[name] / "f.nbi").touch()
        os.utime(folders[name], (time.time() - days * DAY,) * 2)
    assert delete_unused(tmp_path) == 2
    assert [name for name, folder in folders.items() if folder.exists()] == ["numba-1/new-1", "other/old-3"]
    assert not (tmp_path / "numba-0").exists()


def test_loaded_folders_are_marked_as_used(tmp_path: Path) -> None:
    os.utime(tmp_path, (time.time() - 10 * DAY,) * 2)
    cache_folder._mark_as_used(tmp_path)
    assert time.time() - tmp_path.stat().st_mtime < DAY
