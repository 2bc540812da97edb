"""Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) in plain torch.

Four 32-bit words come from a 64-bit key and a 128-bit counter; the counter here is (block index, stream). The words
are compiled for the CPU in :mod:`.philox_cpu`; both give the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtri
from torch import Tensor

from . import philox_cpu

_M0, _M1 = 0xD2511F53, 0xCD9E8D57
_W0, _W1 = 0x9E3779B9, 0xBB67AE85
_MASK = 0xFFFFFFFF


def uniform_field(keys: Sequence[int], shape: Sequence[int], stream: int, device: torch.device) -> Tensor:
    """Uniform float32 in (0, 1), shape (B, *shape): the centres of 2^23 equal cells, exact in float32."""
    count = math.prod(shape)
    if device.type == "cpu":
        return _each(keys, shape, lambda key: philox_cpu.uniform(key, count, stream))
    bits = words(keys, count, stream, device) >> 9
    return ((bits.float() + 0.5) * 2.0**-23).reshape(len(keys), *shape)


def normal_field(keys: Sequence[int], shape: Sequence[int], stream: int, device: torch.device) -> Tensor:
    """Standard normal float32, shape (B, *shape), by inversion: 2^16 quantile midpoints (at most 4.3 standard
    deviations out), two numbers a word."""
    count = math.prod(shape)
    if device.type == "cpu":
        return _each(keys, shape, lambda key: philox_cpu.normal(key, count, stream, quantiles()))
    pairs = words(keys, (count + 1) // 2, stream, device)
    halves = torch.stack((pairs & 0xFFFF, pairs >> 16), dim=-1).reshape(len(keys), -1)[:, :count]
    return torch.from_numpy(quantiles()).to(device)[halves].reshape(len(keys), *shape)


def word_field(keys: Sequence[int], shape: Sequence[int], stream: int, device: torch.device) -> Tensor:
    """Random 32-bit words as int64 in [0, 2^32), shape (B, *shape)."""
    count = math.prod(shape)
    if device.type == "cpu":
        return _each(keys, shape, lambda key: philox_cpu.words(key, count, stream))
    return words(keys, count, stream, device).reshape(len(keys), *shape)


def _each(keys: Sequence[int], shape: Sequence[int], draw: Callable[[int], NDArray[Any]]) -> Tensor:
    fields = [torch.from_numpy(draw(key)).reshape(1, *shape) for key in keys]
    return fields[0] if len(fields) == 1 else torch.cat(fields)


def words(keys: Sequence[int], count: int, stream: int, device: torch.device) -> Tensor:
    """``count`` 32-bit words an image as int64, shape (B, count); word ``i`` depends on (key, stream, i) alone."""
    blocks = (count + 3) // 4
    halves = torch.tensor([divmod(key, 1 << 32) for key in keys], dtype=torch.int64, device=device)
    index = torch.arange(blocks, dtype=torch.int64, device=device)[None].expand(len(keys), -1)
    counter = (index & _MASK, index >> 32, torch.full_like(index, stream), torch.zeros_like(index))
    return torch.stack(philox(counter, (halves[:, 1:], halves[:, :1])), dim=-1).reshape(len(keys), -1)[:, :count]


def philox(
    counter: tuple[Tensor, Tensor, Tensor, Tensor], key: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The ten rounds; every tensor is int64 holding a 32-bit word, least significant word of a number first."""
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(10):
        low0, high0 = _multiply(_M0, c0)
        low1, high1 = _multiply(_M1, c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + _W0) & _MASK, (k1 + _W1) & _MASK
    return c0, c1, c2, c3


def _multiply(constant: int, word: Tensor) -> tuple[Tensor, Tensor]:
    # The product wraps modulo 2^64, which leaves both 32-bit halves right once the sign bits are masked away.
    product = word * constant
    return product & _MASK, (product >> 32) & _MASK


@lru_cache(maxsize=1)
def quantiles() -> NDArray[np.float32]:
    """The midpoint quantiles of the standard normal, float32 (65536,)."""
    # They fall short of unit variance by 1e-4: rescaled, so that `std` means what it says.
    table = ndtri((np.arange(65536) + 0.5) / 65536)
    return np.asarray(table / table.std(), np.float32)
