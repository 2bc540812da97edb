"""Symmetric separable filters: one pass along the columns, one along the rows."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numba import njit
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Indices, Scalar, batch, compiled, planes

Border = Literal["nearest", "reflect", "mirror"]
"""As in scipy.ndimage: ``nearest`` a|abc|c, ``reflect`` a|abc|c then b, ``mirror`` b|abc|b."""


def border_index(size: int, before: int, after: int, border: Border) -> Indices:
    """The index in [0, size) that stands at each of the positions -before ... size - 1 + after."""
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
    """Convolve (B, C, H, W) with a Gaussian of standard deviation ``sigma`` px (or one for rows, one for columns)."""
    sigma_y, sigma_x = sigma if isinstance(sigma, tuple) else (sigma, sigma)
    return separable(images, gaussian_half(sigma_y, truncate), gaussian_half(sigma_x, truncate), border)


def gaussian_half(sigma: float, truncate: float = 4.0) -> Floats:
    """Centre and right half of a sampled Gaussian of unit sum, cut at ``truncate`` standard deviations."""
    radius = int(truncate * sigma + 0.5)
    if radius == 0:
        return np.ones(1, np.float32)
    half = np.exp(-0.5 * (np.arange(radius + 1) / sigma) ** 2)
    weights: Floats = (half / (half[0] + 2.0 * half[1:].sum())).astype(np.float32)
    return weights


def separable(images: Tensor, column: Floats, row: Floats, border: Border) -> Tensor:
    """Filter (B, C, H, W) with symmetric kernels given by their centre and right half, both shorter than 2^31."""
    if not compiled(images):
        return separable_torch(images, column, row, border)
    stack = planes(images)
    rows = border_index(stack.shape[1], len(column) - 1, len(column) - 1, border)
    columns = border_index(stack.shape[2], len(row) - 1, len(row) - 1, border)
    return batch(_separable(stack, column, row, rows, columns), images)


def separable_torch(images: Tensor, column: Floats, row: Floats, border: Border) -> Tensor:
    """:func:`separable` as two matrix products, on any device."""
    height, width = images.shape[-2:]
    down = torch.from_numpy(_matrix(height, column, border)).to(images.device)
    across = torch.from_numpy(_matrix(width, row, border)).to(images.device)
    return down @ images @ across.T


def _matrix(size: int, half: Floats, border: Border) -> Floats:
    radius = len(half) - 1
    index = border_index(size, radius, radius, border)
    matrix = np.zeros((size, size), np.float32)
    for offset in range(2 * radius + 1):
        np.add.at(matrix, (np.arange(size), index[offset : offset + size]), half[abs(offset - radius)])
    return matrix


@njit(cache=True, nogil=True)
def _separable(stack: Floats, column: Floats, row: Floats, rows: Indices, columns: Indices) -> Floats:
    count, height, width = stack.shape
    vertical, horizontal = len(column) - 1, len(row) - 1
    result = np.empty_like(stack)
    line = np.empty(width, np.float32)
    padded = np.empty(len(columns), np.float32)
    for plane in range(count):
        for y in range(height):
            centre = stack[plane, rows[y + vertical]]
            for x in range(width):
                line[x] = column[0] * centre[x]
            whole = vertical - vertical % 2
            for k in range(1, whole + 1, 2):
                near, far = y + vertical - k, y + vertical + k
                _add_two_pairs(
                    line,
                    column[k],
                    stack[plane, rows[near]],
                    stack[plane, rows[far]],
                    column[k + 1],
                    stack[plane, rows[near - 1]],
                    stack[plane, rows[far + 1]],
                )
            if whole < vertical:
                _add_pair(line, column[vertical], stack[plane, rows[y]], stack[plane, rows[y + 2 * vertical]])
            for x in range(len(columns)):
                padded[x] = line[columns[x]]
            target = result[plane, y]
            for x in range(width):
                target[x] = row[0] * line[x]
            whole = horizontal - horizontal % 2
            for k in range(1, whole + 1, 2):
                near, far = horizontal - k, horizontal + k
                _add_two_pairs(
                    target, row[k], padded[near:], padded[far:], row[k + 1], padded[near - 1 :], padded[far + 1 :]
                )
            if whole < horizontal:
                _add_pair(target, row[horizontal], padded, padded[2 * horizontal :])
    return result


@njit(cache=True, nogil=True, inline="always")
def _add_pair(target: Floats, weight: Scalar, left: Floats, right: Floats) -> None:
    for x in range(len(target)):
        target[x] += weight * (left[x] + right[x])


@njit(cache=True, nogil=True, inline="always")
def _add_two_pairs(
    target: Floats, weight: Scalar, left: Floats, right: Floats, weight2: Scalar, left2: Floats, right2: Floats
) -> None:
    # Two at a time: the target is read and written half as often, which is what takes the time.
    for x in range(len(target)):
        target[x] += weight * (left[x] + right[x]) + weight2 * (left2[x] + right2[x])
