"""Philox4x32-10 compiled for the CPU, one image a call: the bits of :mod:`.philox`, about a nanosecond a number.

Serial on purpose: images are spread over workers, and a field then cannot depend on how many threads there are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Typed constants: numba turns a mixture of uint64 and Python integers into floats.
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_MASK = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)
_LOW16, _16, _9 = np.uint64(0xFFFF), np.uint64(16), np.uint64(9)
_HALF, _CELL = np.float32(0.5), np.float32(2.0**-23)


def words(key: int, count: int, stream: int) -> NDArray[np.int64]:
    """``count`` 32-bit words in [0, 2^32)."""
    out = np.empty(_padded(count, 4), np.int64)
    _words(*_halves(key), np.uint64(stream), out)
    return out[:count]


def uniform(key: int, count: int, stream: int) -> NDArray[np.float32]:
    """``count`` uniform numbers in (0, 1)."""
    out = np.empty(_padded(count, 4), np.float32)
    _uniform(*_halves(key), np.uint64(stream), out)
    return out[:count]


def normal(key: int, count: int, stream: int, table: NDArray[np.float32]) -> NDArray[np.float32]:
    """``count`` entries of ``table`` (65536,), its quantiles, each as likely as the other."""
    out = np.empty(_padded(count, 8), np.float32)
    _normal(*_halves(key), np.uint64(stream), table, out)
    return out[:count]


def _halves(key: int) -> tuple[np.uint64, np.uint64]:
    return np.uint64(key & 0xFFFFFFFF), np.uint64(key >> 32)


def _padded(count: int, multiple: int) -> int:
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
def _normal(k0: Any, k1: Any, stream: Any, table: Any, out: Any) -> None:
    for block in range(out.size // 8):
        words_of_block = _rounds(k0, k1, np.uint64(block), stream)
        for j in range(4):
            word = words_of_block[j]
            out[8 * block + 2 * j] = table[word & _LOW16]
            out[8 * block + 2 * j + 1] = table[word >> _16]
