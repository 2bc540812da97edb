"""Conditions side by side: threads that each have models of their own."""

from __future__ import annotations

import copy
import ctypes
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import TypeVar

import torch

from robustbench_endo.evaluation.cuda_streams import stages_on
from robustbench_endo.evaluation.predict import ModelCall

_M_ARENA_MAX = -8
"""Of ``mallopt`` in glibc's ``malloc.h``."""


def share_heap() -> bool:
    """Have threads that start from now on share one heap; True where the C library can be told so.

    glibc gives every thread a heap of its own, and each keeps the largest picture that its thread ever freed: the
    memory of a run then grows with its length and its threads, for tensors that nobody holds.
    It cannot be taken back in this process; nothing else of it changes.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and mallopt(_M_ARENA_MAX, 1) == 1


Item = TypeVar("Item")

Result = TypeVar("Result")

MOST = 16
"""Threads at most: each holds a batch of frames."""

IN_FLIGHT = 4
"""Conditions at a time on a GPU: one a stage, and one that is being launched."""


class Workers(AbstractContextManager["Workers"]):
    """A pool of threads for the conditions of a batch.

    On the CPU every thread computes by itself, so nothing depends on how many there are, and has its own copy of the
    models, because a user's model may keep notes from one call to the next; the copies share the weights. Elsewhere,
    or where a model cannot be copied, the threads take turns at the models, and one keeps the device busy while
    another waits for its results.

    Args:
        models: name -> network on ``device``.
        count: threads; None for one a core, or one a stage on another device than the CPU.

    Attributes:
        stages: see :class:`.cuda_streams.Stage`.
    """

    def __init__(self, models: Mapping[str, ModelCall], device: torch.device, count: int | None = None) -> None:
        self._models = models
        self._count = min(MOST, count or (cores() if device.type == "cpu" else IN_FLIGHT))
        self._copies = _copies(models, self._count) if device.type == "cpu" else None
        self.stages = stages_on(device)
        self._turn = threading.Lock()
        self._local = threading.local()
        self._pool = ThreadPoolExecutor(self._count)
        self._threads_before = torch.get_num_threads()

    def __enter__(self) -> Workers:
        share_heap()
        torch.set_num_threads(1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        torch.set_num_threads(self._threads_before)

    def __len__(self) -> int:
        return self._count

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Results in the order of the items."""
        return self._pool.map(work, items)

    @contextmanager
    def models(self) -> Iterator[Mapping[str, ModelCall]]:
        """The models, for the calling thread alone."""
        if self._copies is None:
            with self._turn:
                yield self._models
            return
        if not hasattr(self._local, "models"):
            with self._turn:
                self._local.models = self._copies.pop()
        yield self._local.models


def _copies(models: Mapping[str, ModelCall], count: int) -> list[Mapping[str, ModelCall]] | None:
    weights = [p for model in models.values() if isinstance(model, torch.nn.Module) for p in model.parameters()]
    try:
        return [models, *(copy.deepcopy(dict(models), {id(p): p for p in weights}) for _ in range(count - 1))]
    except (TypeError, RuntimeError, AttributeError, NotImplementedError):
        return None


def cores() -> int:
    """CPU cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1
