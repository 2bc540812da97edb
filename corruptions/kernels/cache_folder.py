"""Where compiled kernels are cached, and the digest of the sources that a kernel was compiled from.

Next to the sources, where numba caches, compiled code would be lost with every installation and could not be stored in
a read-only one. Numba also compiles a kernel again if its own file changed, but not if a file did from which the kernel
calls or takes a constant: after an update in place, results would depend on what was compiled before.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import llvmlite  # type: ignore[import-untyped]
import numba

NAME = "robustbench-endo"
UNUSED_DAYS = 30
"""Folders of kernels that no process has loaded for as long are deleted."""
_DAY = 86_400
_IMPORT = re.compile(rb"^from (robustbench_endo[\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)


@cache
def cache_root() -> Path | None:
    """The first of these folders that exists or can be created; None where none can.

    ``$ROBUST_ENDO_CACHE``; ``robustbench-endo`` in ``$NUMBA_CACHE_DIR``, in ``$XDG_CACHE_HOME`` or in ``~/.cache``; a
    private one below the system's folder of temporary files.
    """
    for folder in _candidates():
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            return folder
    return _temporary_folder()


def _candidates() -> Iterator[Path]:
    if os.environ.get("ROBUST_ENDO_CACHE"):
        yield Path(os.environ["ROBUST_ENDO_CACHE"]).absolute()
    numba_folder = getattr(numba.config, "CACHE_DIR", None)
    if numba_folder:
        yield Path(numba_folder).absolute() / NAME
    if os.environ.get("XDG_CACHE_HOME"):
        yield Path(os.environ["XDG_CACHE_HOME"]).absolute() / NAME
    with suppress(RuntimeError):  # no home folder
        yield Path.home() / ".cache" / NAME


def _temporary_folder() -> Path | None:
    """A folder that nobody else can write to: what lies in it is executed."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    with suppress(OSError):
        folder = Path(tempfile.gettempdir()) / f"{NAME}-{user}"
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
        if status.st_uid == user and not status.st_mode & 0o022 and not folder.is_symlink():
            return folder
    return None


def kernels_root() -> Path | None:
    """Where the installed versions of numba and llvmlite cache kernels; it need not exist."""
    root = cache_root()
    return root and root / "kernels" / f"numba-{numba.__version__}-llvmlite-{llvmlite.__version__}"


@cache
def kernel_folder(module: str, source: str) -> tuple[Path, str] | None:
    """The folder for the kernels of a module, and the digest of its sources; None without a folder or sources.

    Args:
        module: name of an imported module.
        source: its file.
    """
    root = kernels_root()
    with suppress(OSError):
        digest = source_digest(module, source)
        if root is not None:
            folder = root / f"{module.removeprefix('robustbench_endo.')}-{digest[:16]}"
            _mark_as_used(folder)
            return folder, digest
    return None


def source_digest(module: str, source: str) -> str:
    """SHA-256 of a module and of all modules of this package that it imports, directly or not.

    Raises:
        OSError: a source that cannot be read.
    """
    digest = hashlib.sha256()
    sources, pending = {module: source}, [module]
    while pending:
        for name, file in _imported(_read(sources[pending.pop()])):
            if name not in sources:
                sources[name] = file
                pending.append(name)
    for name in sorted(sources):
        digest.update(name.encode() + b"\0" + hashlib.sha256(_read(sources[name])).digest())
    return digest.hexdigest()


@cache
def _read(source: str) -> bytes:
    return Path(source).read_bytes()


def _imported(text: bytes) -> Iterator[tuple[str, str]]:
    """Names and files of the modules that a source imports at its top level; they are loaded by then."""
    for package, names in _IMPORT.findall(text):
        parts = re.findall(r"\w+", names.decode())
        for name in (package.decode(), *(f"{package.decode()}.{part}" for part in parts)):
            file = getattr(sys.modules.get(name), "__file__", None)
            if file:
                yield name, file


def _mark_as_used(folder: Path) -> None:
    """Set the time of a folder, at most once a day."""
    with suppress(OSError):
        if folder.stat().st_mtime < time.time() - _DAY:
            os.utime(folder)


def delete_unused(root: Path, days: float = UNUSED_DAYS) -> int:
    """Delete the folders of kernels, of any version of numba, that no process has loaded for some days.

    Args:
        root: the parent of :func:`kernels_root`.

    Returns:
        The number of deleted folders.
    """
    deleted, oldest = 0, time.time() - days * _DAY
    with suppress(OSError):
        for folder in list(root.glob("numba-*/*/")):
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)
                deleted += 1
                for path in folder.parent.glob("*.json"):  # which say what is compiled
                    path.unlink(missing_ok=True)
        for version in root.glob("numba-*/"):
            with suppress(OSError):  # not empty
                version.rmdir()
    return deleted
