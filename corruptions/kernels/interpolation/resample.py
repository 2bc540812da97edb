"""Separable resampling: any output size, any weights."""

from __future__ import annotations

import numpy as np
from numba import njit
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Indices, Scalar, batch, compiled, planes
from robustbench_endo.corruptions.kernels.interpolation.fast_resample import Starts, combine
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import Taps
from robustbench_endo.corruptions.kernels.triton_support import fused


def resample(images: Tensor, rows: Taps, columns: Taps) -> Tensor:
    """(B, C, H, W) -> (B, C, len(rows), len(columns)): rows are combined first, then columns."""
    if not compiled(images):
        return resample_torch(images, rows, columns)
    stride = columns.stride
    across = (columns.short_start, columns.by_tap, (stride.kind, stride.first, stride.end))
    return batch(_resample(planes(images), rows.start, rows.weights, *across), images)


def resample_torch(images: Tensor, rows: Taps, columns: Taps) -> Tensor:
    """:func:`resample` on any device: in one pass where Triton runs, else as two matrix products."""
    if fused(images.device):
        from robustbench_endo.corruptions.kernels.interpolation import resample_triton

        return resample_triton.mean_of_layers(images, ((rows, columns),))
    return rows.matrix(images.device) @ images @ columns.matrix(images.device).T


@njit(cache=True, nogil=True)
def _resample(
    stack: Floats,
    row_start: Indices,
    row_weights: Floats,
    column_start: Starts,
    column_weights: Floats,
    stride: tuple[int, int, int],
) -> Floats:
    kind, first, end = stride
    result = np.zeros((len(stack), len(row_start), len(column_start)), np.float32)
    line = np.empty(stack.shape[2], np.float32)
    for plane in range(len(stack)):
        for y in range(len(row_start)):
            line[:] = np.float32(0.0)
            for k in range(row_weights.shape[1]):
                if row_weights[y, k] != np.float32(0.0):
                    _add_scaled(line, row_weights[y, k], stack[plane, row_start[y] + k])
            combine(line, column_start, column_weights, kind, first, end, result[plane, y])
    return result


@njit(cache=True, nogil=True, inline="always")
def _add_scaled(target: Floats, weight: Scalar, source: Floats) -> None:
    for x in range(len(target)):
        target[x] += weight * source[x]
