"""What the parts of gpu_all.py share: device and sizes, timing, and counts of launches, synchronisations and bytes."""

from __future__ import annotations

import math
import pkgutil
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any
from unittest import mock

import checkout  # noqa: F401
import torch
from op_counter import OpCounter
from torch import Tensor
from torch.utils._pytree import tree_iter

import robustbench_endo.corruptions
import robustbench_endo.metrics
import robustbench_endo.tasks
from robustbench_endo.errors import OptionalDependencyError

Save = Callable[[dict[str, Any]], None]
"""Stores what a part has measured so far."""


@dataclass(frozen=True)
class Setting:
    """Where and how much is measured.

    Attributes:
        device: of the measurement; the CPU takes the path of a GPU without Triton.
        quick: few and small inputs, which check this code; their numbers mean nothing.
    """

    device: torch.device
    quick: bool = False

    def of(self, complete: Any, quick: Any) -> Any:
        """One of two values."""
        return quick if self.quick else complete

    @property
    def batch(self) -> int:
        """Frames per batch."""
        return int(self.of(32, 2))

    def wait(self) -> None:
        """Wait for the device."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def milliseconds(self, call: Callable[[], Any], rounds: int = 5) -> float:
        """Median wall time of a call that the device has finished, after two that compile and warm up."""
        rounds = self.of(rounds, 1)
        times = []
        for _ in range(self.of(2, 0) + rounds):
            self.wait()
            start = time.perf_counter()
            call()
            self.wait()
            times.append((time.perf_counter() - start) * 1e3)
        return statistics.median(times[-rounds:])

    @contextmanager
    def peak(self) -> Iterator[dict[str, float]]:
        """MiB of the largest memory in use inside, under ``mib`` of the result; NaN on the CPU."""
        result = {"mib": math.nan}
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(self.device)
        yield result
        if self.device.type == "cuda":
            result["mib"] = torch.cuda.max_memory_allocated(self.device) / 2**20


def counted(call: Callable[[], Any], setting: Setting) -> dict[str, float]:
    """Launches by torch and Triton, synchronisations, and gigabytes of the arguments and results of a call.

    A tensor counts as often as an operation reads or writes it, so that the bandwidth from it is an upper bound.
    """
    triton = {"launches": 0, "bytes": 0}
    with ExitStack() as stack:
        _count_triton(stack, triton)
        messages = stack.enter_context(warnings.catch_warnings(record=True))
        warnings.simplefilter("always")
        if setting.device.type == "cuda":
            stack.callback(torch.cuda.set_sync_debug_mode, torch.cuda.get_sync_debug_mode())
            torch.cuda.set_sync_debug_mode("warn")
        counter = stack.enter_context(OpCounter(1))
        call()
    return {
        "launches": counter.launches + triton["launches"],
        "triton": triton["launches"],
        "syncs": sum("synchronizing CUDA" in str(message.message) for message in messages),
        "gb": (counter.touched + triton["bytes"]) / 1e9,
    }


def _count_triton(stack: ExitStack, counts: dict[str, int]) -> None:
    try:
        from triton.runtime.jit import JITFunction
    except ImportError:
        return
    run = JITFunction.run

    def counting(kernel: Any, *args: Any, **kwargs: Any) -> Any:
        tensors = {id(item): item for item in tree_iter((args, kwargs)) if isinstance(item, Tensor)}
        counts["launches"] += 1
        counts["bytes"] += sum(item.nbytes for item in tensors.values())
        return run(kernel, *args, **kwargs)

    stack.enter_context(mock.patch.object(JITFunction, "run", counting))


def modules() -> list[ModuleType]:
    """All modules that compute corruptions, metrics and predictions, without those of Triton and of missing extras."""
    for package in (robustbench_endo.corruptions, robustbench_endo.metrics, robustbench_endo.tasks):
        for item in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not item.name.endswith("_triton"):
                with suppress(OptionalDependencyError):
                    import_module(item.name)
    return [module for name, module in list(sys.modules.items()) if name.startswith("robustbench_endo.")]


@contextmanager
def as_on_a_gpu(device: torch.device) -> Iterator[None]:
    """On the CPU, take the path of other devices: plain torch instead of compiled items."""
    with ExitStack() as stack:
        if device.type == "cpu":
            for module in modules():
                if hasattr(module, "use_numba"):
                    stack.enter_context(mock.patch.object(module, "use_numba", return_value=False))
        yield
