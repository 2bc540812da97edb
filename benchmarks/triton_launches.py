"""Launches of Triton kernels, recorded instead of run, with what each would take.

Every kernel is counted with the bytes of its tensor arguments, once each. Where a kernel computes, or reads the same
bytes often, a model of its work is added by the names of its arguments, see :data:`WORK`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any
from unittest import mock

import torch
from gpu_machine import FP32, Operation
from operation_cost import size
from torch import Tensor
from torch.utils._pytree import tree_iter

_RESERVED = ("num_warps", "num_stages", "num_ctas", "enable_fp_fusion", "maxnreg", "stream", "debug")


def _taps(a: dict[str, Any]) -> float:
    """Separable resampling without an intermediate image: rows x columns x layers taps a pixel, about 12 FLOP each.

    A tap is a load from the cache, an index and a fused multiplication; the address arithmetic dominates.
    """
    return 12.0 * a["out"].numel() * a["layers"] * a["row_taps"] * a["column_taps"]


def _nearest(a: dict[str, Any]) -> float:
    """The nearest site of each boundary pixel: about 25 columns on either side, two loads of 64-bit tables each.

    Points of a scene are within 3 to 30 px of the other outline; a load that waits for the cache counts as 100 FLOP.
    """
    return a["count"] * 25 * 2 * 100.0


WORK: dict[frozenset[str], Callable[[dict[str, Any]], float]] = {
    frozenset({"layers", "row_taps", "column_taps", "out"}): _taps,
    frozenset({"steps", "points", "down", "across", "count"}): _nearest,
}
"""Names of arguments -> equivalent FLOP in fp32, for kernels that have at least these arguments."""


@contextmanager
def recorded_launches(append: Callable[[Operation], None], inner: Callable[[Any], Any]) -> Iterator[None]:
    """Give launches to ``append`` instead of running them; ``inner`` gives the real tensor of an argument."""
    if find_spec("triton") is None:
        yield
        return
    from triton.runtime.jit import JITFunction

    def run(self: Any, *args: Any, grid: Any, warmup: bool = False, **kwargs: Any) -> None:
        options = {name: value for name, value in kwargs.items() if name not in _RESERVED}
        bound = inspect.signature(self.fn).bind(*args, **options)
        bound.apply_defaults()
        if not warmup:
            arguments = {name: inner(value) for name, value in bound.arguments.items()}
            _write_random_words(self, arguments)
            append(launch(self, arguments))

    with mock.patch.object(JITFunction, "run", run):
        yield


def _write_random_words(kernel: Any, arguments: dict[str, Any]) -> None:
    """The integers of a random generator, on which the work of later operations depends."""
    if ".rng." in kernel.fn.__module__:
        for item in arguments.values():
            if isinstance(item, Tensor) and item.dtype == torch.int64 and not item.any():
                item.random_(0, 1 << 32)


def launch(kernel: Any, arguments: dict[str, Any]) -> Operation:
    """The launch of a kernel with these arguments."""
    tensors = {id(item): item for item in tree_iter(arguments) if isinstance(item, Tensor)}
    flop = next((work(arguments) for names, work in WORK.items() if names <= arguments.keys()), 0.0)
    moved = float(sum(size(item) for item in tensors.values()))
    return Operation("triton", kernel.fn.__name__, moved, flop, FP32, _variant(kernel, arguments))


def _variant(kernel: Any, arguments: dict[str, Any]) -> str:
    """What Triton compiles for: constants, types, and for each integer whether it is 1 or a multiple of 16."""
    parts = [kernel.fn.__module__, kernel.fn.__name__]
    for parameter in kernel.params:
        value = arguments.get(parameter.name)
        if isinstance(value, Tensor):
            parts.append(str(value.dtype))
        elif parameter.is_constexpr or isinstance(value, bool):
            parts.append(repr(value))
        elif isinstance(value, int):
            special = "" if parameter.do_not_specialize else f"{value == 1}{value % 16 == 0}"
            parts.append(f"{value.bit_length() > 31}{special}")
        else:
            parts.append(type(value).__name__)
    return " ".join(parts)
