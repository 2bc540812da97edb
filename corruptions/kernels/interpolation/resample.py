"""Separable resampling with any weights to any output size."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Scalar, from_planes, to_planes, use_numba
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.interpolation.fast_resample import WeightArrays, add_resampled
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import InterpolationWeights
from robustbench_endo.corruptions.kernels.triton_support import use_triton


def resample(images: Tensor, rows: InterpolationWeights, columns: InterpolationWeights) -> Tensor:
    """(B, C, H, W) -> (B, C, len(rows), len(columns)): rows are combined first, then columns."""
    if not use_numba(images.device):
        return resample_torch(images, rows, columns)
    return from_planes(_resample(to_planes(images), rows.arrays, columns.arrays), images)


def resample_torch(images: Tensor, rows: InterpolationWeights, columns: InterpolationWeights) -> Tensor:
    """:func:`resample` on any device: by the weights alone where Triton runs, else as two matrix products."""
    if use_triton(images.device):
        from robustbench_endo.corruptions.kernels.interpolation import resample_triton

        return resample_triton.resample(images, rows, columns)
    return rows.matrix(images.device) @ images @ columns.matrix(images.device).T


@njit(cache=True, nogil=True)
def _resample(planes: Floats, rows: WeightArrays, columns: WeightArrays) -> Floats:
    out = np.zeros((len(planes), len(rows.start), len(columns.start)), np.float32)
    line = np.empty(planes.shape[2], np.float32)
    for plane in range(len(planes)):
        for y in range(len(rows.start)):
            line[:] = np.float32(0.0)
            for k in range(rows.weights.shape[1]):
                if rows.weights[y, k] != np.float32(0.0):
                    _add_scaled(line, rows.weights[y, k], planes[plane, rows.start[y] + k])
            add_resampled(line, columns, out[plane, y])
    return out


@njit(cache=True, nogil=True, inline="always")
def _add_scaled(target: Floats, weight: Scalar, source: Floats) -> None:
    for x in range(len(target)):
        target[x] += weight * source[x]
