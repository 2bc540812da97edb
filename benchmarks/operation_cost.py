"""Bytes that an operation of torch moves in the memory of a GPU, and its FLOP."""

from __future__ import annotations

import math
from typing import Any

import torch
from gpu_machine import BF16, FP32, FP64, MODEL_SHARE, Operation
from torch import Tensor
from torch.utils._pytree import tree_iter
from torch.utils.flop_counter import flop_registry

_FREE = {"detach", "alias", "lift_fresh", "_unsafe_view", "empty", "empty_like", "empty_strided", "new_empty"}
_WRITES_ONLY = {"fill_", "zero_", "copy_"}
_GATHERS = {"gather", "index", "index_select", "take", "embedding", "searchsorted", "grid_sampler_2d"}
_PASSES = {"cumsum": 2, "cummax": 3, "cummin": 3, "nonzero": 2, "kthvalue": 4, "median": 4, "topk": 3}
"""Times that an operation reads or writes what it is given."""
_SLOW = {"exp", "exp_", "log", "log_", "pow", "pow_", "sin", "cos", "tan", "atan2", "tanh", "log10", "log2", "erf"}
_SLOW_FLOP = 40
"""FLOP of a transcendental function in fp64, which has no hardware for it."""


def is_free(func: Any) -> bool:
    """Whether nothing is computed: views, and memory that is only reserved."""
    aliases = [item.alias_info for item in func._schema.returns]
    return base_name(func) in _FREE or any(alias is not None and not alias.is_write for alias in aliases)


def base_name(func: Any) -> str:
    """``add`` of ``aten.add.Tensor``."""
    return str(func.overloadpacket.__name__)


def size(tensor: Tensor) -> int:
    """Bytes of different addresses: those of an expanded tensor count once."""
    sides = zip(tensor.shape, tensor.stride(), strict=True)
    return math.prod(side for side, stride in sides if stride) * tensor.element_size()


def cost(func: Any, args: Any, kwargs: Any, result: Any) -> Operation:
    """An operation of torch that computes something, on tensors that report shapes and types."""
    name = base_name(func)
    inputs = [item for item in tree_iter((args, kwargs)) if isinstance(item, Tensor)]
    outputs = [item for item in tree_iter(result) if isinstance(item, Tensor)]
    written = sum(size(item) for item in outputs)
    if name in _WRITES_ONLY:
        moved = written + sum(size(item) for item in inputs[1:])
    elif name in _GATHERS:
        moved = sum(min(size(inputs[0]), written) if item is inputs[0] else size(item) for item in inputs) + written
    elif name in ("sort", "argsort"):
        passes = inputs[0].element_size()  # a radix sort looks at 8 bits at a time, and moves the positions, too
        moved = 2 * passes * inputs[0].numel() * (inputs[0].element_size() + 8)
    else:
        moved = (sum(size(item) for item in inputs) + written) * _PASSES.get(name, 1)
    flop, rate = 0.0, FP32
    dtype = outputs[0].dtype if outputs else torch.float32
    if func.overloadpacket in flop_registry:
        flop = float(flop_registry[func.overloadpacket](*args, **kwargs, out_val=result))
        rate = {torch.float64: FP64, torch.bfloat16: BF16 * MODEL_SHARE, torch.float16: BF16 * MODEL_SHARE}.get(
            dtype, FP32
        )
    elif name.startswith("_fft"):
        moved *= _fft_passes(inputs[0].shape, args[1])
        flop = 5.0 * outputs[0].numel() * 18
    elif dtype == torch.float64:
        flop, rate = float(sum(item.numel() for item in outputs)) * (_SLOW_FLOP if name in _SLOW else 1), FP64
    return Operation("torch", name, float(moved), flop, rate)


def _fft_passes(shape: Any, dims: Any) -> float:
    """Passes over the data: one a dimension, and four times as many where a side has a prime factor above 7."""
    return sum(4.0 if _largest_factor(shape[dim]) > 7 else 1.0 for dim in dims)


def _largest_factor(number: int) -> int:
    largest = 1
    for factor in range(2, number + 1):
        while number % factor == 0:
            number, largest = number // factor, factor
    return largest
