"""A processed coarse picture, enlarged, with what the fine picture has beyond its coarse one."""

from __future__ import annotations

import numpy as np
from numba import njit
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Indices, Scalar, batch, compiled, planes
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import Taps, bilinear
from robustbench_endo.corruptions.kernels.interpolation.resample import resample_torch


def with_detail(images: Tensor, coarse: Tensor, processed: Tensor, threshold: float) -> Tensor:
    """Enlarge ``processed`` bilinearly, add the detail of ``images``, less ``threshold``, and keep to [0, 1].

    Args:
        images: (B, C, H, W).
        coarse: (B, C, h, w), the same pictures reduced; at least 2 x 2.
        processed: (B, C, h, w), what was made of them.
        threshold: detail is drawn towards zero by this much (soft thresholding).
    """
    if not compiled(images):
        return with_detail_torch(images, coarse, processed, threshold)
    rows, columns = _enlargement(images, coarse)
    result = _with_detail(
        planes(images),
        planes(coarse),
        planes(processed),
        rows.start,
        rows.weights,
        columns.start,
        columns.weights,
        np.float32(threshold),
    )
    return batch(result, images)


def with_detail_torch(images: Tensor, coarse: Tensor, processed: Tensor, threshold: float) -> Tensor:
    """:func:`with_detail` on any device."""
    rows, columns = _enlargement(images, coarse)
    fine = images - resample_torch(coarse, rows, columns)
    result = resample_torch(processed, rows, columns) + (fine - fine.clamp(-threshold, threshold))
    return result.clamp_(0.0, 1.0)


def _enlargement(images: Tensor, coarse: Tensor) -> tuple[Taps, Taps]:
    (height, width), (rows, columns) = images.shape[-2:], coarse.shape[-2:]
    return bilinear(rows, height), bilinear(columns, width)


@njit(cache=True, nogil=True)
def _with_detail(
    stack: Floats,
    coarse: Floats,
    processed: Floats,
    row_start: Indices,
    row_weights: Floats,
    column_start: Indices,
    column_weights: Floats,
    threshold: Scalar,
) -> Floats:
    result = np.empty_like(stack)
    size, width = coarse.shape[2], stack.shape[2]
    before, after = np.empty(size, np.float32), np.empty(size, np.float32)
    base, line = np.empty(width, np.float32), np.empty(width, np.float32)
    doubled = width == 2 * size
    half = np.float32(0.5)
    for plane in range(len(stack)):
        for y in range(stack.shape[1]):
            top = row_start[y]
            bottom = top + 1
            _blend(coarse[plane, top], coarse[plane, bottom], row_weights[y, 0], row_weights[y, 1], before)
            _blend(processed[plane, top], processed[plane, bottom], row_weights[y, 0], row_weights[y, 1], after)
            if doubled:
                _double(before, base)
                _double(after, line)
            else:
                _spread(before, after, column_start, column_weights, base, line)
            source, target = stack[plane, y], result[plane, y]
            for x in range(width):
                fine = source[x] - base[x]
                # fine less its clamp to +- threshold, without a branch.
                value = line[x] + (fine - half * (abs(fine + threshold) - abs(fine - threshold)))
                target[x] = min(max(value, np.float32(0.0)), np.float32(1.0))
    return result


@njit(cache=True, nogil=True)
def _blend(first: Floats, second: Floats, w0: Scalar, w1: Scalar, target: Floats) -> None:
    for x in range(len(target)):
        target[x] = w0 * first[x] + w1 * second[x]


@njit(cache=True, nogil=True)
def _spread(before: Floats, after: Floats, start: Indices, weights: Floats, base: Floats, line: Floats) -> None:
    for x in range(len(base)):
        i, w0, w1 = start[x], weights[x, 0], weights[x, 1]
        base[x] = w0 * before[i] + w1 * before[i + 1]
        line[x] = w0 * after[i] + w1 * after[i + 1]


@njit(cache=True, nogil=True, inline="always")
def _double(source: Floats, target: Floats) -> None:
    # What _spread does with an enlargement by two, without look-ups: the usual case, from 256 to 512 pixels.
    near, far = np.float32(0.75), np.float32(0.25)
    last = len(source) - 1
    target[0] = source[0]
    for i in range(last):
        target[2 * i + 1] = near * source[i] + far * source[i + 1]
        target[2 * i + 2] = far * source[i] + near * source[i + 1]
    target[2 * last + 1] = source[last]
