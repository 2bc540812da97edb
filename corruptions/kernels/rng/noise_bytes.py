"""The operations of :mod:`.noise_ops` on 8-bit levels, in one pass over the frame, with the same rounded results."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Bytes, Floats, Indices, Scalar, to_planes
from robustbench_endo.corruptions.kernels.color.levels import (
    levels_to_values,
    merge_row,
    split_row,
    values_to_levels,
)
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_of_pixel
from robustbench_endo.corruptions.kernels.rng.noise_ops import OPERATION_CODES, expand_row

_ADD, _REPLACE = OPERATION_CODES["add"], OPERATION_CODES["replace"]


def add_noise_bytes(frame: Bytes, cells: Tensor, std: float, grain: float) -> Bytes:
    """:func:`.noise_ops.add_noise` to levels (H, W, 3), clamped; ``cells`` are (1, 3, rows, columns)."""
    return _apply(_ADD, frame, cells, grain, std)


def multiply_noise_bytes(frame: Bytes, cells: Tensor, std: float, grain: float) -> Bytes:
    """:func:`.noise_ops.multiply_noise` of levels (H, W, 3), clamped; ``cells`` are (1, 3, rows, columns)."""
    return _apply(OPERATION_CODES["multiply"], frame, cells, grain, std)


def salt_and_pepper_bytes(frame: Bytes, cells: Tensor, share: float, grain: float) -> Bytes:
    """:func:`.noise_ops.salt_and_pepper` in levels (H, W, 3); ``cells`` are (1, 3, rows, columns)."""
    return _apply(_REPLACE, frame, cells, grain, share / 2, 1 - share / 2)


def _apply(code: int, frame: Bytes, cells: Tensor, grain: float, low: float, high: float = 0.0) -> Bytes:
    source = np.ascontiguousarray(frame)
    out = np.empty_like(source)
    rows, columns = (cell_of_pixel(size, grain, torch.device("cpu")).numpy() for size in source.shape[:2])
    planes = to_planes(cells)
    if code == _REPLACE:
        _replace(source, planes, rows, columns, np.float32(low), np.float32(high), out)
    else:
        _add_or_multiply(source, planes, rows, columns, code == _ADD, np.float32(low), out)
    return out


@njit(cache=True, nogil=True)
def _add_or_multiply(
    frame: Bytes, cells: Floats, rows: Indices, columns: Indices, add: bool, std: Scalar, out: Bytes
) -> None:
    height, width = frame.shape[:2]
    levels, values = np.empty((3, width), np.uint8), np.empty(width, np.float32)
    lines = np.empty((3, width), np.float32)
    for y in range(height):
        split_row(frame[y].reshape(-1), levels)
        for c in range(3):
            line = _line(cells[c, rows[y]], columns, y == 0 or rows[y] != rows[y - 1], lines[c])
            levels_to_values(levels[c], values)
            if add:
                for x in range(width):
                    values[x] = min(max(values[x] + std * line[x], np.float32(0)), np.float32(1))
            else:
                for x in range(width):
                    values[x] = min(max(values[x] + values[x] * line[x] * std, np.float32(0)), np.float32(1))
            values_to_levels(values, levels[c])
        merge_row(levels, out[y].reshape(-1))


@njit(cache=True, nogil=True)
def _line(row: Floats, columns: Indices, changed: bool, line: Floats) -> Floats:
    """The number of each pixel of a row of cells; written to ``line`` if a cell has more than one pixel."""
    if len(row) == len(line):
        return row
    if changed:
        expand_row(row, columns, line)
    return line


@njit(cache=True, nogil=True)
def _replace(
    frame: Bytes, cells: Floats, rows: Indices, columns: Indices, low: Scalar, high: Scalar, out: Bytes
) -> None:
    height, width = frame.shape[:2]
    levels, lines = np.empty((3, width), np.uint8), np.empty((3, width), np.float32)
    # Bits to clear and bits to set of each value.
    masks, bits = np.empty((3, width), np.uint8), np.empty((3, width), np.uint8)
    for y in range(height):
        split_row(frame[y].reshape(-1), levels)
        for c in range(3):
            if y == 0 or rows[y] != rows[y - 1]:
                line = _line(cells[c, rows[y]], columns, True, lines[c])
                for x in range(width):
                    masks[c, x] = 255 if line[x] >= low else 0
                    bits[c, x] = 255 if line[x] > high else 0
            for x in range(width):
                levels[c, x] = (levels[c, x] & masks[c, x]) | bits[c, x]
        merge_row(levels, out[y].reshape(-1))
