"""Compilation of kernels by numba, with a cache on disk that survives a new installation."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import CompileResultCacheImpl, FunctionCache

from robustbench_endo.corruptions.kernels.cache_folder import delete_unused, kernel_folder, kernels_root

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def njit(*functions: Callable[..., Any], cache: bool = False, **options: Any) -> Any:
    """As numba's decorator of this name, but a cached function is stored in a folder of the user.

    Args:
        functions: none in ``@njit(...)``, the function in ``@njit``.
        cache: whether machine code is stored for the next process.
        options: of :func:`numba.njit`.

    >>> @njit(cache=True, nogil=True)
    ... def double(x):
    ...     return 2 * x
    >>> double(4)
    8
    """
    decorate = numba.njit(**options)

    def compiled(function: Callable[..., Any]) -> Any:
        dispatcher = decorate(function)
        # Without a folder or a source it stays without a cache, as do functions under NUMBA_DISABLE_JIT.
        if cache and hasattr(dispatcher, "enable_caching"):
            with suppress(RuntimeError):
                dispatcher._cache = KernelCache(function)  # type: ignore[no-untyped-call]
        return dispatcher

    return compiled(*functions) if functions else compiled


class _KernelLocator:
    """Numba's protocol for the position of a cache: a folder per module and digest of its sources."""

    def __init__(self, folder: Path, digest: str, line: int) -> None:
        self._folder, self._digest, self._line = folder, digest, line

    @classmethod
    def from_function(cls, function: Callable[..., Any], source: str) -> _KernelLocator | None:
        folder_and_digest = kernel_folder(function.__module__, source)
        return folder_and_digest and cls(*folder_and_digest, function.__code__.co_firstlineno)

    def ensure_cache_path(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)

    def get_cache_path(self) -> str:
        return str(self._folder)

    def get_source_stamp(self) -> str:
        return self._digest

    def get_disambiguator(self) -> str:
        return str(self._line)


class _KernelCacheImpl(CompileResultCacheImpl):
    _locator_classes: Any = (_KernelLocator,)


class KernelCache(FunctionCache):
    """Numba's cache of a function in our folder, where several processes may write, or none can."""

    _impl_class = _KernelCacheImpl

    def load_overload(self, sig: object, target_context: object) -> Any:
        """The compiled function of a signature, or None; a damaged file is treated as a missing one."""
        with suppress(Exception):  # what pickle raises for damaged files is not limited
            return super().load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        with suppress(OSError):
            self.flush()  # type: ignore[no-untyped-call]
        return None

    def save_overload(self, sig: object, data: object) -> None:
        """Store a compiled function, where that is possible.

        Processes take turns: else two of them could store functions of different signatures in the same file.
        """
        with suppress(OSError):
            folder = Path(self.cache_path)
            folder.mkdir(parents=True, exist_ok=True)
            _delete_unused_once()
            with _lock(folder / ".lock"):
                super().save_overload(sig, data)  # type: ignore[no-untyped-call]


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@lru_cache(maxsize=1)
def _delete_unused_once() -> None:
    root = kernels_root()
    if root is not None:
        delete_unused(root.parent)
