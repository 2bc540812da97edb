"""Cells that keep only their mean."""

from __future__ import annotations

import numpy as np
from numba import njit
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Indices, batch, compiled, planes
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import box, nearest
from robustbench_endo.corruptions.kernels.interpolation.resample import resample_torch


def mosaic(images: Tensor, rows: int, columns: int) -> Tensor:
    """Box-average (B, C, H, W) to ``rows`` x ``columns`` cells and repeat each over its extent."""
    if not compiled(images):
        return mosaic_torch(images, rows, columns)
    stack = planes(images)
    height, width = stack.shape[1:]
    down, across = box(height, rows), box(width, columns)
    up, out = nearest(rows, height).start, nearest(columns, width).start
    return batch(_mosaic(stack, down.start, down.weights, across.start, across.weights, up, out), images)


def mosaic_torch(images: Tensor, rows: int, columns: int) -> Tensor:
    """:func:`mosaic` on any device."""
    height, width = images.shape[-2:]
    cells = resample_torch(images, box(height, rows), box(width, columns))
    return resample_torch(cells, nearest(rows, height), nearest(columns, width))


@njit(cache=True, nogil=True)
def _mosaic(
    stack: Floats,
    row_start: Indices,
    row_weights: Floats,
    column_start: Indices,
    column_weights: Floats,
    up: Indices,
    out: Indices,
) -> Floats:
    result = np.empty_like(stack)
    line = np.empty(stack.shape[2], np.float32)
    cells = np.empty(len(column_start), np.float32)
    for plane in range(len(stack)):
        shown = -1
        for y in range(stack.shape[1]):
            target = result[plane, y]
            if up[y] == shown:
                target[:] = result[plane, y - 1]
                continue
            shown = up[y]
            line[:] = np.float32(0.0)
            for k in range(row_weights.shape[1]):
                source, weight = stack[plane, row_start[shown] + k], row_weights[shown, k]
                for x in range(len(line)):
                    line[x] += weight * source[x]
            for i in range(len(cells)):
                total = np.float32(0.0)
                for k in range(column_weights.shape[1]):
                    total += column_weights[i, k] * line[column_start[i] + k]
                cells[i] = total
            for x in range(len(target)):
                target[x] = cells[out[x]]
    return result
