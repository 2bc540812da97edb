"""Threads that evaluate conditions in parallel, with a fallback for batches that do not fit into memory."""

from __future__ import annotations

import copy
import ctypes
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from types import TracebackType
from typing import Protocol, TypeVar

import torch

from robustbench_endo.corruptions.kernels.backend import on_device
from robustbench_endo.corruptions.kernels.out_of_memory import is_out_of_memory
from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.batch import Batch
from robustbench_endo.evaluation.device import streams_on, use_device
from robustbench_endo.evaluation.predict import Model

MAX_THREADS = 16
"""Each thread holds a batch of frames."""
CONDITIONS_IN_FLIGHT = 4
"""Conditions at a time on a GPU: one per stage, and one that is being launched."""
_M_ARENA_MAX = -8  # of mallopt in glibc's malloc.h

Item = TypeVar("Item")


class Extendable(Protocol):
    """A result of which halves can be joined."""

    def __add__(self: Result, other: Result) -> Result: ...


Result = TypeVar("Result", bound=Extendable)


class AdaptiveBatchSize:
    """Frames at a time: the requested number, reduced when memory runs out.

    The corrupted pixels and the labels of a frame do not depend on it.

    Args:
        frames: at most; None for all frames of a chunk.
        pixels: at most, in whole frames; None for any number.
        fixed: whether predictions depend on the batch, as those of adapted models do, so that it cannot be reduced.
    """

    def __init__(self, frames: int | None, pixels: int | None = None, *, fixed: bool = False) -> None:
        self.max = frames
        self._pixels = pixels
        self._fixed = fixed
        self._lock = threading.Lock()

    def reduce(self, size: int) -> None:
        """Use at most ``size`` frames from now on.

        Raises:
            RunError: the size is fixed.
        """
        if self._fixed:
            raise RunError(
                "Cannot adapt models to a batch of this size: out of memory, and predictions depend on the size. Use "
                f"--batch-size {size}, a smaller --resolution, or fewer models at a time."
            )
        with self._lock:
            self.max = size if self.max is None else min(self.max, size)

    def split(self, count: int, pixels: int) -> list[list[int]]:
        """Indices 0 to ``count`` - 1, of frames with so many pixels each, in batches.

        >>> AdaptiveBatchSize(2).split(5, pixels=100)
        [[0, 1], [2, 3], [4]]
        """
        size = min(self.max or count, count if self._pixels is None else max(1, self._pixels // pixels))
        return [list(range(start, min(start + size, count))) for start in range(0, count, size)]


class Workers(AbstractContextManager["Workers"]):
    """A pool of threads for the conditions of a batch, in which, as in the caller's, ``device`` is the current one.

    On the CPU every thread computes on one core, so that nothing depends on the number of threads, and has a copy of
    the models, because a user's model may keep state between calls; the copies share the weights. On other devices, or
    where a model cannot be copied, the threads take turns with the models, and one keeps the device busy while another
    waits for its results.

    Args:
        models: name -> network on ``device``.
        count: threads; None for one per core, or one per stage on another device than the CPU.

    Attributes:
        streams: see :class:`.device.Stream`.
    """

    def __init__(self, models: Mapping[str, Model], device: torch.device, count: int | None = None) -> None:
        self._models = models
        self._count = min(MAX_THREADS, count or (cores() if device.type == "cpu" else CONDITIONS_IN_FLIGHT))
        self._copies = _copies(models, self._count) if device.type == "cpu" else None
        self.streams = streams_on(device)
        self._lock = threading.Lock()
        self._local = threading.local()
        self._pool = ThreadPoolExecutor(self._count, initializer=use_device, initargs=(device,))
        self._threads_before = torch.get_num_threads()
        self._current_device = on_device(device)

    def __enter__(self) -> Workers:
        limit_malloc_arenas()
        torch.set_num_threads(1)
        self._current_device.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._current_device.__exit__(kind, error, trace)
        torch.set_num_threads(self._threads_before)

    def __len__(self) -> int:
        return self._count

    def map(
        self,
        function: Callable[[Batch, Item], Result],
        batch: Batch,
        items: Sequence[Item],
        batch_size: AdaptiveBatchSize,
    ) -> Iterator[Result]:
        """``function(batch, item)`` for every item in parallel; results in the order of the items.

        Raises:
            RunError: a single frame does not fit into memory, see :func:`run_with_oom_fallback`.
        """
        return self._pool.map(partial(run_with_oom_fallback, function, batch, batch_size), items)

    @contextmanager
    def models(self) -> Iterator[Mapping[str, Model]]:
        """The models, for exclusive use by the calling thread."""
        if self._copies is None:
            with self._lock:
                yield self._models
            return
        if not hasattr(self._local, "models"):
            with self._lock:
                self._local.models = self._copies.pop()
        yield self._local.models


def run_with_oom_fallback(
    function: Callable[[Batch, Item], Result], batch: Batch, batch_size: AdaptiveBatchSize, item: Item
) -> Result:
    """``function(batch, item)``, in halves where memory does not hold the batch; ``batch_size`` is then reduced.

    Raises:
        RunError: a single frame does not fit into memory.
    """
    try:
        return function(batch, item)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        reason = str(error).partition("\n")[0]
    # The error and everything that it references are released here, before a half is tried.
    if len(batch) == 1:
        raise RunError(
            f"Out of memory for a single frame of {tuple(batch.images.shape[2:])} px with all models ({reason}). Use a "
            "smaller --resolution, fewer models at a time, or --device cpu."
        )
    if batch.images.device.type == "cuda":
        torch.cuda.empty_cache()
    middle = len(batch) // 2
    batch_size.reduce(middle)
    halves = batch.select(range(middle)), batch.select(range(middle, len(batch)))
    first, second = (run_with_oom_fallback(function, half, batch_size, item) for half in halves)
    return first + second


def limit_malloc_arenas() -> bool:
    """Let threads that start from now on share one heap; True where the C library supports it.

    glibc gives every thread its own heap, and each keeps the largest image that its thread ever freed: the memory of a
    run then grows with its length and its threads, for tensors that are not referenced. It cannot be undone in this
    process; nothing else changes.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and mallopt(_M_ARENA_MAX, 1) == 1


def cores() -> int:
    """CPU cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def _copies(models: Mapping[str, Model], count: int) -> list[Mapping[str, Model]] | None:
    weights = [p for model in models.values() if isinstance(model, torch.nn.Module) for p in model.parameters()]
    try:
        return [models, *(copy.deepcopy(dict(models), {id(p): p for p in weights}) for _ in range(count - 1))]
    except (TypeError, RuntimeError, AttributeError, NotImplementedError):
        return None
