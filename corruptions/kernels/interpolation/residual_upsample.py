"""Enlargement of a processed coarse image with the detail that the fine image has beyond its coarse version."""

from __future__ import annotations

import numpy as np
from torch import Tensor
from torch.nn.functional import softshrink

from robustbench_endo.corruptions.kernels.backend import Floats, Indices, Scalar, from_planes, to_planes, use_numba
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.interpolation.fast_resample import WeightArrays
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import (
    InterpolationWeights,
    bilinear_weights,
)
from robustbench_endo.corruptions.kernels.interpolation.resample import resample_torch


def residual_upsample(images: Tensor, coarse: Tensor, processed: Tensor, threshold: float) -> Tensor:
    """Enlarge ``processed`` bilinearly, add the soft-thresholded detail of ``images``, and clamp to [0, 1].

    Args:
        images: (B, C, H, W).
        coarse: (B, C, h, w), the same images reduced; at least 2 x 2.
        processed: (B, C, h, w), the result of processing ``coarse``.
        threshold: detail, the difference of ``images`` and the enlarged ``coarse``, is shrunk towards 0 by this much.
    """
    if not use_numba(images.device):
        return residual_upsample_torch(images, coarse, processed, threshold)
    rows, columns = (weights.arrays for weights in _enlargement(images, coarse))
    planes = (to_planes(images), to_planes(coarse), to_planes(processed))
    return from_planes(_residual_upsample(*planes, rows, columns, np.float32(threshold)), images)


def residual_upsample_torch(images: Tensor, coarse: Tensor, processed: Tensor, threshold: float) -> Tensor:
    """:func:`residual_upsample` on any device."""
    rows, columns = _enlargement(images, coarse)
    detail = images - resample_torch(coarse, rows, columns)
    return resample_torch(processed, rows, columns).add_(softshrink(detail, threshold)).clamp_(0.0, 1.0)


def _enlargement(images: Tensor, coarse: Tensor) -> tuple[InterpolationWeights, InterpolationWeights]:
    (height, width), (rows, columns) = images.shape[-2:], coarse.shape[-2:]
    return bilinear_weights(rows, height), bilinear_weights(columns, width)


@njit(cache=True, nogil=True)
def _residual_upsample(
    planes: Floats, coarse: Floats, processed: Floats, rows: WeightArrays, columns: WeightArrays, threshold: Scalar
) -> Floats:
    out = np.empty_like(planes)
    size, width = coarse.shape[2], planes.shape[2]
    before, after = np.empty(size, np.float32), np.empty(size, np.float32)
    base, line = np.empty(width, np.float32), np.empty(width, np.float32)
    doubled = width == 2 * size
    half = np.float32(0.5)
    for plane in range(len(planes)):
        for y in range(planes.shape[1]):
            top = rows.start[y]
            bottom = top + 1
            w0, w1 = rows.weights[y, 0], rows.weights[y, 1]
            _blend(coarse[plane, top], coarse[plane, bottom], w0, w1, before)
            _blend(processed[plane, top], processed[plane, bottom], w0, w1, after)
            if doubled:
                _double(before, base)
                _double(after, line)
            else:
                _enlarge(before, after, columns.start, columns.weights, base, line)
            source, target = planes[plane, y], out[plane, y]
            for x in range(width):
                detail = source[x] - base[x]
                # detail - clamp(detail, -threshold, threshold), without a branch.
                value = line[x] + (detail - half * (abs(detail + threshold) - abs(detail - threshold)))
                target[x] = min(max(value, np.float32(0.0)), np.float32(1.0))
    return out


@njit(cache=True, nogil=True)
def _blend(first: Floats, second: Floats, w0: Scalar, w1: Scalar, target: Floats) -> None:
    for x in range(len(target)):
        target[x] = w0 * first[x] + w1 * second[x]


@njit(cache=True, nogil=True)
def _enlarge(before: Floats, after: Floats, start: Indices, weights: Floats, base: Floats, line: Floats) -> None:
    for x in range(len(base)):
        i, w0, w1 = start[x], weights[x, 0], weights[x, 1]
        base[x] = w0 * before[i] + w1 * before[i + 1]
        line[x] = w0 * after[i] + w1 * after[i + 1]


@njit(cache=True, nogil=True, inline="always")
def _double(source: Floats, target: Floats) -> None:
    # _enlarge by a factor of two without look-ups: the usual case, from 256 to 512 pixels.
    near, far = np.float32(0.75), np.float32(0.25)
    last = len(source) - 1
    target[0] = source[0]
    for i in range(last):
        target[2 * i + 1] = near * source[i] + far * source[i + 1]
        target[2 * i + 2] = far * source[i] + near * source[i + 1]
    target[2 * last + 1] = source[last]
