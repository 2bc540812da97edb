"""The mean of many resamplings of one image, every pixel written once."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import (
    Floats,
    Indices32,
    Scalar,
    from_planes,
    to_planes,
    use_numba,
)
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import InterpolationWeights
from robustbench_endo.corruptions.kernels.interpolation.permuted_taps import (
    LANES,
    PADDING,
    add_permuted,
    relative_starts,
)
from robustbench_endo.corruptions.kernels.interpolation.resample import resample_torch
from robustbench_endo.corruptions.kernels.triton_support import use_triton

Zooms = tuple[tuple[InterpolationWeights, InterpolationWeights], ...]
"""Weights of the rows and of the columns of each resampling."""


def mean_of_zooms(images: Tensor, zooms: Zooms) -> Tensor:
    """The mean of several resamplings of (B, C, H, W), of two taps and the same output size; none reduces the width."""
    if use_triton(images.device):
        from robustbench_endo.corruptions.kernels.interpolation import resample_triton

        return resample_triton.mean_of_resamplings(images, zooms)
    if not use_numba(images.device):
        total = resample_torch(images, *zooms[0])
        for rows, columns in zooms[1:]:
            total += resample_torch(images, rows, columns)
        return total.div_(len(zooms))
    return from_planes(_mean_of_zooms(to_planes(images), *_stack(zooms), np.float32(1.0 / len(zooms))), images)


@lru_cache(maxsize=32)
def _stack(zooms: Zooms) -> tuple[Indices32, Floats, Indices32, Indices32, Floats]:
    rows, columns = ([weights.arrays for weights in axis] for axis in zip(*zooms, strict=True))
    starts = np.stack([axis.start32 for axis in columns])
    relative = relative_starts(starts, LANES)
    if relative.max() >= LANES or relative.min() < 0:
        raise ValueError("Expected resamplings that do not reduce the width, got one that does.")
    return (
        np.stack([axis.start32 for axis in rows]),
        np.stack([axis.by_tap for axis in rows]),
        starts,
        relative,
        np.stack([axis.by_tap for axis in columns]),
    )


@njit(cache=True, nogil=True)
def _mean_of_zooms(
    planes: Floats,
    row_start: Indices32,
    row_weights: Floats,
    column_start: Indices32,
    relative: Indices32,
    column_weights: Floats,
    factor: Scalar,
) -> Floats:
    count, (zooms, height) = len(planes), row_start.shape
    width = column_start.shape[1]
    out = np.zeros((count, height, width), np.float32)
    line = np.zeros(planes.shape[2] + PADDING, np.float32)
    for plane in range(count):
        for y in range(height):
            for i in range(zooms):
                first, end = column_start[i, 0], column_start[i, width - 1] + 2
                upper, lower = planes[plane, row_start[i, y]], planes[plane, row_start[i, y] + 1]
                w0, w1 = factor * row_weights[i, 0, y], factor * row_weights[i, 1, y]
                _blend(upper[first:end], w0, lower[first:end], w1, line[first:end])
                add_permuted(line, column_start[i], relative[i], column_weights[i], out[plane, y])
    return out


@njit(cache=True, nogil=True, inline="always")
def _blend(upper: Floats, w0: Scalar, lower: Floats, w1: Scalar, line: Floats) -> None:
    for x in range(len(line)):
        line[x] = w0 * upper[x] + w1 * lower[x]
