"""The mean of many resamplings of one picture, every pixel written once."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numba import njit
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Scalar, batch, compiled, planes
from robustbench_endo.corruptions.kernels.interpolation.fast_resample import Starts, look_up
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import Taps
from robustbench_endo.corruptions.kernels.interpolation.resample import resample_torch
from robustbench_endo.corruptions.kernels.triton_support import fused

Layers = tuple[tuple[Taps, Taps], ...]


def mean_of_layers(images: Tensor, layers: Layers) -> Tensor:
    """The mean of several resamplings (rows, columns) of (B, C, H, W), all of one output size and of two taps."""
    if fused(images.device):
        from robustbench_endo.corruptions.kernels.interpolation import resample_triton

        return resample_triton.mean_of_layers(images, layers)
    if not compiled(images):
        total = resample_torch(images, *layers[0])
        for rows, columns in layers[1:]:
            total += resample_torch(images, rows, columns)
        return total.div_(len(layers))
    return batch(_mean(planes(images), *_stacked(layers), np.float32(1.0 / len(layers))), images)


@lru_cache(maxsize=32)
def _stacked(layers: Layers) -> tuple[Starts, Floats, Starts, Floats]:
    down, across = zip(*layers, strict=True)
    return (
        np.stack([taps.short_start for taps in down]),
        np.stack([taps.by_tap for taps in down]),
        np.stack([taps.short_start for taps in across]),
        np.stack([taps.by_tap for taps in across]),
    )


@njit(cache=True, nogil=True)
def _mean(
    stack: Floats, row_start: Starts, row_weights: Floats, column_start: Starts, column_weights: Floats, share: Scalar
) -> Floats:
    count, (layers, height) = len(stack), row_start.shape
    width = column_start.shape[1]
    result = np.zeros((count, height, width), np.float32)
    line = np.empty(stack.shape[2], np.float32)
    for plane in range(count):
        for y in range(height):
            for i in range(layers):
                top = row_start[i, y]
                _blend(
                    stack[plane, top],
                    share * row_weights[i, 0, y],
                    stack[plane, top + 1],
                    share * row_weights[i, 1, y],
                    line,
                )
                look_up(line, column_start[i], column_weights[i], 0, width, result[plane, y])
    return result


@njit(cache=True, nogil=True, inline="always")
def _blend(upper: Floats, w0: Scalar, lower: Floats, w1: Scalar, line: Floats) -> None:
    for x in range(len(line)):
        line[x] = w0 * upper[x] + w1 * lower[x]
