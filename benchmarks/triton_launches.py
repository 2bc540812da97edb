"""Launches of Triton kernels, recorded instead of run, with what each would take.

A kernel moves the bytes of its tensor arguments, once each; what it computes, and loads from caches, is sampled, see
:mod:`triton_work`. Kernels need not be known here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any
from unittest import mock

import torch
from gpu_machine import Operation
from operation_cost import size
from torch import Tensor
from torch.utils._pytree import tree_iter
from triton_work import launched_work

_RESERVED = ("num_warps", "num_stages", "num_ctas", "enable_fp_fusion", "maxnreg", "stream", "debug")


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
            size = grid(arguments) if callable(grid) else grid
            append(launch(self, arguments, tuple(size), kwargs.get("num_warps", 4)))

    with mock.patch.object(JITFunction, "run", run):
        yield


def _write_random_words(kernel: Any, arguments: dict[str, Any]) -> None:
    """The integers of a random generator, on which the work of later operations depends."""
    if ".rng." in kernel.fn.__module__:
        for item in arguments.values():
            if isinstance(item, Tensor) and item.dtype == torch.int64 and not item.any():
                item.random_(0, 1 << 32)


def launch(kernel: Any, arguments: dict[str, Any], grid: tuple[int, ...], warps: int) -> Operation:
    """The launch of a kernel with these arguments."""
    tensors = {id(item): item for item in tree_iter(arguments) if isinstance(item, Tensor)}
    moved = float(sum(size(item) for item in tensors.values()))
    variant = _variant(kernel, arguments)
    inner = [tuple(item.shape[1:]) if isinstance(item, Tensor) else item for item in arguments.values()]
    work = launched_work(kernel, arguments, grid, warps, f"{variant} {inner}")
    return Operation("triton", kernel.fn.__name__, moved, variant=variant, work=work)


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
