"""Symmetric separable filters: one pass along the columns, one along the rows."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Indices, Scalar, from_planes, to_planes, use_numba
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import InterpolationWeights
from robustbench_endo.corruptions.kernels.interpolation.resample import resample_torch

Border = Literal["nearest", "reflect", "mirror"]
"""Extrapolation beyond the edge, as in scipy.ndimage: ``nearest`` aa|abc|cc, ``reflect`` ba|abc|cb, ``mirror``
cb|abc|ba."""


def border_index(size: int, before: int, after: int, border: Border) -> Indices:
    """Index in [0, size) of the pixel that supplies each of the positions -before ... size - 1 + after.

    >>> border_index(3, 2, 1, "reflect").tolist()
    [1, 0, 0, 1, 2, 2]
    """
    position = np.arange(-before, size + after, dtype=np.int64)
    if border == "nearest":
        return position.clip(0, size - 1)
    if border == "reflect":
        folded = position % (2 * size)
        return np.minimum(folded, 2 * size - 1 - folded)
    period = max(2 * size - 2, 1)
    folded = position % period
    return np.minimum(folded, period - folded)


def gaussian_blur(
    images: Tensor, sigma: float | tuple[float, float], border: Border = "nearest", truncate: float = 4.0
) -> Tensor:
    """Convolve (B, C, H, W) with a Gaussian.

    Args:
        images: (B, C, H, W).
        sigma: standard deviation in pixels, or (vertical, horizontal).
        border: extrapolation beyond the edge.
        truncate: radius of the kernel in standard deviations.
    """
    sigma_y, sigma_x = sigma if isinstance(sigma, tuple) else (sigma, sigma)
    return separable_filter(images, half_gaussian(sigma_y, truncate), half_gaussian(sigma_x, truncate), border)


def half_gaussian(sigma: float, truncate: float = 4.0) -> Floats:
    """Centre and right half of a sampled Gaussian of unit sum, cut at ``truncate`` standard deviations."""
    radius = int(truncate * sigma + 0.5)
    if radius == 0:
        return np.ones(1, np.float32)
    half = np.exp(-0.5 * (np.arange(radius + 1) / sigma) ** 2)
    weights: Floats = (half / (half[0] + 2.0 * half[1:].sum())).astype(np.float32)
    return weights


def separable_filter(images: Tensor, column: Floats, row: Floats, border: Border) -> Tensor:
    """Filter (B, C, H, W) with symmetric kernels.

    Args:
        images: (B, C, H, W).
        column: centre and lower half of the vertical kernel.
        row: centre and right half of the horizontal kernel.
        border: extrapolation beyond the edge.
    """
    if not use_numba(images.device):
        return separable_filter_torch(images, column, row, border)
    planes = to_planes(images)
    rows = border_index(planes.shape[1], len(column) - 1, len(column) - 1, border)
    columns = border_index(planes.shape[2], len(row) - 1, len(row) - 1, border)
    return from_planes(_separable_filter(planes, column, row, rows, columns), images)


def separable_filter_torch(images: Tensor, column: Floats, row: Floats, border: Border) -> Tensor:
    """:func:`separable_filter` on any device."""
    height, width = images.shape[-2:]
    return resample_torch(images, filter_weights(height, column, border), filter_weights(width, row, border))


def filter_weights(size: int, half: Floats, border: Border) -> InterpolationWeights:
    """The filter along an axis of ``size`` pixels as a resampling: pixels beyond the edge add to those inside.

    >>> import torch
    >>> filter_weights(3, np.array([0.5, 0.25], np.float32), "nearest").matrix(torch.device("cpu"))
    tensor([[0.7500, 0.2500, 0.0000],
            [0.2500, 0.5000, 0.2500],
            [0.0000, 0.2500, 0.7500]])
    """
    return _filter_weights(size, half.astype(np.float32).tobytes(), border)


@lru_cache(maxsize=256)
def _filter_weights(size: int, half: bytes, border: Border) -> InterpolationWeights:
    values = np.frombuffer(half, np.float32)
    radius = len(values) - 1
    index = border_index(size, radius, radius, border)
    taps = min(2 * radius + 1, size)
    start = (np.arange(size) - radius).clip(0, size - taps)
    weights = np.zeros((size, taps), np.float32)
    for offset in range(2 * radius + 1):
        np.add.at(weights, (np.arange(size), index[offset : offset + size] - start), values[abs(offset - radius)])
    return InterpolationWeights(start, weights, size)


@njit(cache=True, nogil=True)
def _separable_filter(planes: Floats, column: Floats, row: Floats, rows: Indices, columns: Indices) -> Floats:
    count, height, width = planes.shape
    out = np.empty_like(planes)
    line = np.empty(width, np.float32)
    padded = np.empty(len(columns), np.float32)
    for plane in range(count):
        for y in range(height):
            _filter_vertically(planes[plane], y, column, rows, line)
            for x in range(len(columns)):
                padded[x] = line[columns[x]]
            _filter_horizontally(line, padded, row, out[plane, y])
    return out


@njit(cache=True, nogil=True)
def _filter_vertically(plane: Floats, y: int, column: Floats, rows: Indices, line: Floats) -> None:
    radius = len(column) - 1
    centre = plane[rows[y + radius]]
    for x in range(len(line)):
        line[x] = column[0] * centre[x]
    paired = radius - radius % 2
    for k in range(1, paired + 1, 2):
        near, far = y + radius - k, y + radius + k
        _add_two_pairs(
            line,
            column[k],
            plane[rows[near]],
            plane[rows[far]],
            column[k + 1],
            plane[rows[near - 1]],
            plane[rows[far + 1]],
        )
    if paired < radius:
        _add_pair(line, column[radius], plane[rows[y]], plane[rows[y + 2 * radius]])


@njit(cache=True, nogil=True)
def _filter_horizontally(line: Floats, padded: Floats, row: Floats, target: Floats) -> None:
    radius = len(row) - 1
    for x in range(len(line)):
        target[x] = row[0] * line[x]
    paired = radius - radius % 2
    for k in range(1, paired + 1, 2):
        near, far = radius - k, radius + k
        _add_two_pairs(target, row[k], padded[near:], padded[far:], row[k + 1], padded[near - 1 :], padded[far + 1 :])
    if paired < radius:
        _add_pair(target, row[radius], padded, padded[2 * radius :])


@njit(cache=True, nogil=True, inline="always")
def _add_pair(target: Floats, weight: Scalar, left: Floats, right: Floats) -> None:
    for x in range(len(target)):
        target[x] += weight * (left[x] + right[x])


@njit(cache=True, nogil=True, inline="always")
def _add_two_pairs(
    target: Floats, weight: Scalar, left: Floats, right: Floats, weight2: Scalar, left2: Floats, right2: Floats
) -> None:
    # Two pairs at a time: the target is read and written half as often, which dominates the run time.
    for x in range(len(target)):
        target[x] += weight * (left[x] + right[x]) + weight2 * (left2[x] + right2[x])
