"""Separable resampling: any output size, any weights."""

from __future__ import annotations

import numpy as np
from numba import njit
from torch import Tensor

from .backend import Floats, Indices, Scalar, batch, compiled, planes
from .taps import Taps


def resample(images: Tensor, rows: Taps, columns: Taps) -> Tensor:
    """(B, C, H, W) -> (B, C, len(rows), len(columns)): rows are combined first, then columns."""
    if not compiled(images):
        return resample_torch(images, rows, columns)
    stack = planes(images)
    result = np.zeros((len(stack), len(rows.start), len(columns.start)), np.float32)
    _accumulate(stack, rows.start, rows.weights, columns.start, columns.weights, np.float32(1.0), result)
    return batch(result, images)


def resample_torch(images: Tensor, rows: Taps, columns: Taps) -> Tensor:
    """:func:`resample` as two matrix products, on any device."""
    return rows.matrix(images.device) @ images @ columns.matrix(images.device).T


def mean_of_layers(images: Tensor, layers: list[tuple[Taps, Taps]]) -> Tensor:
    """The mean of several resamplings of (B, C, H, W), all of one output size."""
    if not compiled(images):
        total = resample_torch(images, *layers[0])
        for rows, columns in layers[1:]:
            total = total + resample_torch(images, rows, columns)
        return total / len(layers)
    stack = planes(images)
    result = np.zeros((len(stack), len(layers[0][0].start), len(layers[0][1].start)), np.float32)
    share = np.float32(1.0 / len(layers))
    for rows, columns in layers:
        _accumulate(stack, rows.start, rows.weights, columns.start, columns.weights, share, result)
    return batch(result, images)


@njit(cache=True, nogil=True)
def _accumulate(
    stack: Floats,
    row_start: Indices,
    row_weights: Floats,
    column_start: Indices,
    column_weights: Floats,
    share: Scalar,
    result: Floats,
) -> None:
    width = stack.shape[2]
    line = np.empty(width, np.float32)
    for plane in range(len(stack)):
        for y in range(len(row_start)):
            line[:] = np.float32(0.0)
            for k in range(row_weights.shape[1]):
                if row_weights[y, k] != np.float32(0.0):
                    _add_scaled(line, share * row_weights[y, k], stack[plane, row_start[y] + k])
            _combine(line, column_start, column_weights, result[plane, y])


@njit(cache=True, nogil=True, inline="always")
def _add_scaled(target: Floats, weight: Scalar, source: Floats) -> None:
    for x in range(len(target)):
        target[x] += weight * source[x]


@njit(cache=True, nogil=True)
def _combine(line: Floats, start: Indices, weights: Floats, target: Floats) -> None:
    if weights.shape[1] == 1:
        for x in range(len(target)):
            target[x] += weights[x, 0] * line[start[x]]
    elif weights.shape[1] == 2:
        for x in range(len(target)):
            target[x] += weights[x, 0] * line[start[x]] + weights[x, 1] * line[start[x] + 1]
    else:
        for x in range(len(target)):
            for k in range(weights.shape[1]):
                target[x] += weights[x, k] * line[start[x] + k]
