"""Philox4x32-10 compiled for the CPU: the bits of :mod:`.philox`, about a nanosecond per number.

Serial by design: images are distributed over workers, so a field must not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.rng.distributions import Distribution, normal_quantiles

# Typed constants: numba turns a mixture of uint64 and Python integers into floats.
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_MASK = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)
_LOW16, _16, _9 = np.uint64(0xFFFF), np.uint64(16), np.uint64(9)
_HALF, _CELL = np.float32(0.5), np.float32(2.0**-23)


def random_numbers(
    distribution: Distribution, keys: Sequence[int], count: int, stream: int, device: torch.device
) -> Tensor:
    """``count`` numbers per key, shape (B, count), see :func:`.philox.random_field`; ``device`` is a CPU."""
    out: NDArray[Any]
    words, counter = np.array(keys, np.uint64), np.uint64(stream)
    if distribution == "words":
        out = np.empty((len(keys), _round_up(count, 4)), np.int64)
        _words_of_keys(words, counter, out)
    elif distribution == "uniform":
        out = np.empty((len(keys), _round_up(count, 4)), np.float32)
        _uniform_of_keys(words, counter, out)
    else:
        out = np.empty((len(keys), _round_up(count, 8)), np.float32)
        _normal_of_keys(words, counter, normal_quantiles(), out)
    return torch.from_numpy(out)[:, :count].contiguous()


def _round_up(count: int, multiple: int) -> int:
    return -(-count // multiple) * multiple


@njit(inline="always")
def _rounds(k0: Any, k1: Any, block: Any, stream: Any) -> Any:
    c0, c1, c2, c3 = block & _MASK, block >> _32, stream, np.uint64(0)
    for _ in range(10):
        low_product, high_product = _M0 * c0, _M1 * c2
        c0, c1 = (high_product >> _32) ^ c1 ^ k0, high_product & _MASK
        c2, c3 = (low_product >> _32) ^ c3 ^ k1, low_product & _MASK
        k0, k1 = (k0 + _W0) & _MASK, (k1 + _W1) & _MASK
    return c0, c1, c2, c3


@njit(cache=True, nogil=True)
def _words(k0: Any, k1: Any, stream: Any, out: Any) -> None:
    for block in range(out.size // 4):
        c0, c1, c2, c3 = _rounds(k0, k1, np.uint64(block), stream)
        out[4 * block] = c0
        out[4 * block + 1] = c1
        out[4 * block + 2] = c2
        out[4 * block + 3] = c3


@njit(cache=True, nogil=True)
def _uniform(k0: Any, k1: Any, stream: Any, out: Any) -> None:
    for block in range(out.size // 4):
        c0, c1, c2, c3 = _rounds(k0, k1, np.uint64(block), stream)
        out[4 * block] = (np.float32(c0 >> _9) + _HALF) * _CELL
        out[4 * block + 1] = (np.float32(c1 >> _9) + _HALF) * _CELL
        out[4 * block + 2] = (np.float32(c2 >> _9) + _HALF) * _CELL
        out[4 * block + 3] = (np.float32(c3 >> _9) + _HALF) * _CELL


@njit(cache=True, nogil=True)
def _normal(k0: Any, k1: Any, stream: Any, quantiles: Any, out: Any) -> None:
    for block in range(out.size // 8):
        words_of_block = _rounds(k0, k1, np.uint64(block), stream)
        for j in range(4):
            word = words_of_block[j]
            out[8 * block + 2 * j] = quantiles[word & _LOW16]
            out[8 * block + 2 * j + 1] = quantiles[word >> _16]


# Loops over keys of their own: within these, the loops over blocks would not be vectorised.


@njit(cache=True, nogil=True)
def _words_of_keys(keys: Any, stream: Any, out: Any) -> None:
    for i in range(len(keys)):
        _words(keys[i] & _MASK, keys[i] >> _32, stream, out[i])


@njit(cache=True, nogil=True)
def _uniform_of_keys(keys: Any, stream: Any, out: Any) -> None:
    for i in range(len(keys)):
        _uniform(keys[i] & _MASK, keys[i] >> _32, stream, out[i])


@njit(cache=True, nogil=True)
def _normal_of_keys(keys: Any, stream: Any, quantiles: Any, out: Any) -> None:
    for i in range(len(keys)):
        _normal(keys[i] & _MASK, keys[i] >> _32, stream, quantiles, out[i])
