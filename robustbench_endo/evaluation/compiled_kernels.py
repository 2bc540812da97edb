"""The list of warm-up steps whose kernels are in the cache, next to them, and the size of the cache."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numba
from llvmlite import binding  # type: ignore[import-untyped]

from robustbench_endo import corruptions, metrics, tasks
from robustbench_endo.corruptions.kernels.cache_folder import kernels_root
from robustbench_endo.data import synthetic
from robustbench_endo.errors import RunError
from robustbench_endo.io_utils import write_atomically


class CacheSize(NamedTuple):
    """Files and bytes of the cached kernels of this version of numba."""

    files: int
    bytes: int


class CompiledKernels:
    """Names of the steps that were run with these sources, this processor and this Python.

    Attributes:
        folder: of the cache; None where none can be written.
        names: of the steps.
    """

    def __init__(self) -> None:
        self.folder = kernels_root()
        self._path = None if self.folder is None else self.folder / f"compiled-{_key()[:16]}.json"
        self.names: frozenset[str] = frozenset()
        with suppress(OSError, ValueError, TypeError):
            if self._path is not None:
                self.names = frozenset(json.loads(self._path.read_text("utf-8")))

    def add(self, names: Iterable[str]) -> None:
        """List further steps, where the folder can be written."""
        self.names |= frozenset(names)
        with suppress(OSError, RunError):
            if self._path is not None and self._path.parent.is_dir():
                write_atomically(self._path, json.dumps(sorted(self.names)).encode())

    def size(self) -> CacheSize:
        """Of all files in the folder, whatever they were compiled from."""
        files = [] if self.folder is None else [path for path in self.folder.rglob("*") if path.is_file()]
        return CacheSize(len(files), sum(path.stat().st_size for path in files))


@cache
def _key() -> str:
    """A digest of the sources, the processor and the version of Python."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {_processor()}".encode())
    for package in (corruptions, metrics, tasks, synthetic):
        folder = Path(package.__path__[0])
        for path in sorted(folder.rglob("*.py")):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _processor() -> str:
    """The processor that numba compiles for."""
    name = getattr(numba.config, "CPU_NAME", None) or binding.get_host_cpu_name()
    features = getattr(numba.config, "CPU_FEATURES", None) or binding.get_host_cpu_features().flatten()
    return f"{name} {features}"
