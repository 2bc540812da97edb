"""Pixelation: cells of one colour, their mean."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Indices, from_planes, to_planes, use_numba
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.interpolation.fast_resample import WeightArrays
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import box_weights, nearest_weights
from robustbench_endo.corruptions.kernels.interpolation.resample import resample_torch


def pixelate(images: Tensor, rows: int, columns: int) -> Tensor:
    """Average (B, C, H, W) to ``rows`` x ``columns`` cells and repeat each over its extent."""
    if not use_numba(images.device):
        return pixelate_torch(images, rows, columns)
    planes = to_planes(images)
    height, width = planes.shape[1:]
    down, across = box_weights(height, rows).arrays, box_weights(width, columns).arrays
    cell_row, cell_column = nearest_weights(rows, height).start, nearest_weights(columns, width).start
    return from_planes(_pixelate(planes, down, across, cell_row, cell_column), images)


def pixelate_torch(images: Tensor, rows: int, columns: int) -> Tensor:
    """:func:`pixelate` on any device."""
    height, width = images.shape[-2:]
    cells = resample_torch(images, box_weights(height, rows), box_weights(width, columns))
    return resample_torch(cells, nearest_weights(rows, height), nearest_weights(columns, width))


@njit(cache=True, nogil=True)
def _pixelate(
    planes: Floats, down: WeightArrays, across: WeightArrays, cell_row: Indices, cell_column: Indices
) -> Floats:
    out = np.empty_like(planes)
    line = np.empty(planes.shape[2], np.float32)
    cells = np.empty(len(across.start), np.float32)
    for plane in range(len(planes)):
        current = -1
        for y in range(planes.shape[1]):
            target = out[plane, y]
            if cell_row[y] == current:
                target[:] = out[plane, y - 1]
                continue
            current = cell_row[y]
            line[:] = np.float32(0.0)
            for k in range(down.weights.shape[1]):
                source, weight = planes[plane, down.start[current] + k], down.weights[current, k]
                for x in range(len(line)):
                    line[x] += weight * source[x]
            for i in range(len(cells)):
                total = np.float32(0.0)
                for k in range(across.weights.shape[1]):
                    total += across.weights[i, k] * line[across.start[i] + k]
                cells[i] = total
            for x in range(len(target)):
                target[x] = cells[cell_column[x]]
    return out
