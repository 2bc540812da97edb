"""Compiled search for the nearest site of a pixel over the columns of a field of vertical distances."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Steps = NDArray[np.int16]

FAR = 16383
"""Steps to the nearest site of a column that has none: more than the diagonal of any map that is accepted."""
BLOCK = 32
"""Columns looked at in one go."""
_FIRST = 8  # columns on either side in the first go


@njit(cache=True, nogil=True)
def search(field: Steps, start: int, x: int, left: int, right: int) -> int:
    """Smallest square from column ``x``, outwards in blocks until the columns alone are farther than the best.

    Args:
        field: int16, flat: vertical steps to the nearest site, a row of which has ``BLOCK`` further columns on either
            side of those from ``left`` to ``right``.
        start: place of column 0 of the pixel's row.
        left, right: the outermost columns with a site.
    """
    best, near = 1 << 62, max(0, left - x, x - right)  # columns left and right of all sites hold none
    if near == 0:
        # The number of columns is never a literal: LLVM would unroll the loop instead of vectorising it.
        best = _columns(field, start + x - _FIRST, -_FIRST, min(2 * _FIRST, right - left + 2 * _FIRST))
        near = _FIRST
    while near * near < best and (x - near >= left or x + near <= right):
        reach = min(BLOCK, _eights(best) - near)
        if x - near >= left:
            best = min(best, _columns(field, start + x - near - reach + 1, 1 - near - reach, reach))
        if x + near <= right:
            best = min(best, _columns(field, start + x + near, near, reach))
        near += reach
    return best


@njit(cache=True, nogil=True)
def search_scaled(field: Steps, start: int, x: int, left: int, right: int, row: float, column: float) -> float:
    """:func:`search` for pixels of another size than 1 x 1."""
    best, near = np.inf, max(0, left - x, x - right)
    while (near * column) ** 2 < best and (x - near >= left or x + near <= right):
        if x - near >= left:
            best = min(best, _columns_scaled(field, start + x - near - 7, -near - 7, row, column))
        if x + near <= right:
            best = min(best, _columns_scaled(field, start + x + near, near, row, column))
        near += 8
    return best


@njit(cache=True, nogil=True, inline="always")
def _eights(best: int) -> int:
    """Columns that can hold something nearer, rounded up to a multiple of eight."""
    return int(np.sqrt(float(min(best, 1 << 30)))) // 8 * 8 + 8


@njit(cache=True, nogil=True)
def _columns(field: Steps, place: int, offset: int, count: int) -> int:
    """Smallest square over ``count`` columns from ``place``, the first of which is ``offset`` columns away."""
    # Numbers of 32 bits and an unsigned index: one vector instruction does eight columns.
    best, first, from_here = np.int32(2147483647), np.uint64(place), np.int32(offset)
    for i in range(count):
        down, across = np.int32(field[first + np.uint64(i)]), np.int32(from_here + i)
        best = min(best, np.int32(np.int32(down * down) + np.int32(across * across)))
    return int(best)


@njit(cache=True, nogil=True)
def _columns_scaled(field: Steps, place: int, offset: int, row: float, column: float) -> float:
    best = np.inf
    for i in range(8):
        steps = field[np.uint64(place) + np.uint64(i)]
        if steps < FAR:
            best = min(best, (steps * row) ** 2 + ((offset + i) * column) ** 2)
    return best
