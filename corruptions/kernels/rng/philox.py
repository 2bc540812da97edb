"""Random fields from Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).

Four 32-bit words come from a 64-bit key and a 128-bit counter; the counter here is (block index, stream). Three forms
give the same bits: compiled for the CPU (:mod:`.philox_cpu`), for a GPU (:mod:`.philox_triton`), and plain torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtri
from torch import Tensor

from robustbench_endo.corruptions.kernels.rng import philox_cpu, philox_torch
from robustbench_endo.corruptions.kernels.triton_support import fused


def uniform_field(keys: Sequence[int], shape: Sequence[int], stream: int, device: torch.device) -> Tensor:
    """Uniform float32 in (0, 1), shape (B, *shape): the centres of 2^23 equal cells, exact in float32."""
    count = math.prod(shape)
    if device.type == "cpu":
        return _each(keys, shape, lambda key: philox_cpu.uniform(key, count, stream))
    field: Tensor = _form(device).uniform(keys, count, stream, device)
    return field.reshape(len(keys), *shape)


def normal_field(keys: Sequence[int], shape: Sequence[int], stream: int, device: torch.device) -> Tensor:
    """Standard normal float32, shape (B, *shape), by inversion: 2^16 quantile midpoints (at most 4.3 standard
    deviations out), two numbers a word."""
    count = math.prod(shape)
    if device.type == "cpu":
        return _each(keys, shape, lambda key: philox_cpu.normal(key, count, stream, quantiles()))
    field: Tensor = _form(device).normal(keys, count, stream, _quantiles_on(device))
    return field.reshape(len(keys), *shape)


def word_field(keys: Sequence[int], shape: Sequence[int], stream: int, device: torch.device) -> Tensor:
    """Random 32-bit words as int64 in [0, 2^32), shape (B, *shape)."""
    count = math.prod(shape)
    if device.type == "cpu":
        return _each(keys, shape, lambda key: philox_cpu.words(key, count, stream))
    field: Tensor = _form(device).words(keys, count, stream, device)
    return field.reshape(len(keys), *shape)


def _form(device: torch.device) -> ModuleType:
    """The module whose ``words``, ``uniform`` and ``normal`` make the fields of a whole batch on ``device``."""
    if not fused(device):
        return philox_torch
    from robustbench_endo.corruptions.kernels.rng import philox_triton

    return philox_triton


def _each(keys: Sequence[int], shape: Sequence[int], draw: Callable[[int], NDArray[Any]]) -> Tensor:
    fields = [torch.from_numpy(draw(key)).reshape(1, *shape) for key in keys]
    return fields[0] if len(fields) == 1 else torch.cat(fields)


@lru_cache(maxsize=1)
def quantiles() -> NDArray[np.float32]:
    """The midpoint quantiles of the standard normal, float32 (65536,)."""
    # They fall short of unit variance by 1e-4: rescaled, so that `std` means what it says.
    table = ndtri((np.arange(65536) + 0.5) / 65536)
    return np.asarray(table / table.std(), np.float32)


@lru_cache(maxsize=16)
def _quantiles_on(device: torch.device) -> Tensor:
    return torch.from_numpy(quantiles()).to(device)
