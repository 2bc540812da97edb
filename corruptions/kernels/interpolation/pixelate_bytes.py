"""Pixelation of 8-bit images with sums of integers."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from robustbench_endo.corruptions.kernels.backend import Bytes, Indices
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import box_weights, nearest_weights


def pixelate_bytes(frame: Bytes, rows: int, columns: int) -> Bytes:
    """:func:`.pixelate.pixelate` of uint8 (H, W, 3): the mean of each cell to the nearest level."""
    source = np.ascontiguousarray(frame)
    out = np.empty_like(source)
    _pixelate(source, *_cells(frame.shape[0], rows), *_cells(frame.shape[1], columns), out)
    return out


@lru_cache(maxsize=32)
def _cells(size: int, count: int) -> tuple[Indices, Indices, Indices]:
    """First and last pixel + 1 from which each cell is averaged, and the cell of each pixel."""
    box = box_weights(size, count)
    inside = box.weights > 0
    first = box.start + inside.argmax(1)
    return first, first + inside.sum(1), nearest_weights(count, size).start


@njit(cache=True, nogil=True)
def _pixelate(
    frame: Bytes,
    top: Indices,
    bottom: Indices,
    cell_row: Indices,
    left: Indices,
    right: Indices,
    cell_column: Indices,
    out: Bytes,
) -> None:
    height, width, _ = frame.shape
    line = np.empty(3 * width, np.uint32)
    cells = np.empty((len(left), 3), np.uint8)
    current = -1
    for y in range(height):
        target = out[y].reshape(-1)
        if cell_row[y] == current:
            target[:] = out[y - 1].reshape(-1)
            continue
        current = cell_row[y]
        line[:] = 0
        for row in range(top[current], bottom[current]):
            source = frame[row].reshape(-1)
            for x in range(3 * width):
                line[x] += np.uint32(source[x])
        for i in range(len(left)):
            pixels = (bottom[current] - top[current]) * (right[i] - left[i])
            _mean(line[3 * left[i] : 3 * right[i]], pixels, cells[i])
        for x in range(width):
            cell = cells[cell_column[x]]
            target[3 * x], target[3 * x + 1], target[3 * x + 2] = cell[0], cell[1], cell[2]


@njit(cache=True, nogil=True, inline="always")
def _mean(sums: Any, pixels: int, cell: Bytes) -> None:
    red, green, blue = np.uint32(0), np.uint32(0), np.uint32(0)
    for i in range(0, len(sums), 3):
        red += sums[i]
        green += sums[i + 1]
        blue += sums[i + 2]
    scale = np.float32(1.0 / pixels)
    half = np.float32(0.5)
    cell[0] = np.uint8(np.int32(np.float32(red) * scale + half))
    cell[1] = np.uint8(np.int32(np.float32(green) * scale + half))
    cell[2] = np.uint8(np.int32(np.float32(blue) * scale + half))
