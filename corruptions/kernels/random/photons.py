"""Photon counts of a whole picture, cell by cell, in one pass on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from torch import Tensor

from ..backend import Floats, Indices, Scalar, batch, compiled, planes
from ..fused import fused
from .cells import spread
from .grain import fetch, index_of_pixels
from .poisson import CHUNK, count_of_rate, cumulative, cumulative_on, guides, poisson_counts


def chunks_of(photons: float) -> int:
    """How many chunks, of at most ``CHUNK`` photons, a white pixel's count is the sum of."""
    return max(1, -(-int(np.ceil(photons)) // CHUNK))


def photon_counts(images: Tensor, photons: float, draws: Tensor, grain: float) -> Tensor:
    """Poisson(``photons`` x ``images``) / ``photons``.

    Args:
        images: (B, C, H, W) in [0, 1].
        photons: the mean count of a white pixel.
        draws: (B, 2 * chunks, C, rows, columns), two uniform numbers a chunk and cell, see :func:`poisson_counts`.
        grain: side of a cell in pixels, see :mod:`.cells`.
    """
    if fused(images.device):
        from . import grain_triton

        return grain_triton.photon_counts(images, photons, draws, cumulative_on(images.device), grain)
    if not compiled(images):
        return photon_counts_torch(images, photons, draws, grain)
    stack = planes(images)
    result = np.empty_like(stack)
    row, column = index_of_pixels(stack, grain)
    channels = images.shape[1]
    for item, numbers in enumerate(draws.numpy()):
        here = slice(item * channels, (item + 1) * channels)
        _count(stack[here], numbers, row, column, np.float32(photons), cumulative(), guides(), result[here])
    return batch(result, images)


def photon_counts_torch(images: Tensor, photons: float, draws: Tensor, grain: float) -> Tensor:
    """:func:`photon_counts` on any device."""
    total = images.new_zeros(())
    for chunk in range(draws.shape[1] // 2):
        rate = (photons * images - CHUNK * chunk).clamp_(0, CHUNK)
        first, second = (spread(draws[:, 2 * chunk + i], images.shape[1:], grain) for i in (0, 1))
        total = total + poisson_counts(rate, first, second)
    return total / photons


@njit(cache=True, nogil=True)
def _count(
    stack: Floats,
    draws: Floats,
    row: Indices,
    column: Indices,
    photons: Scalar,
    table: Floats,
    guide: Any,
    result: Floats,
) -> None:
    chunk = np.float32(CHUNK)
    lines = np.empty((len(draws), stack.shape[2]), np.float32)
    part = np.empty(stack.shape[2], np.float32)
    for plane in range(stack.shape[0]):
        for y in range(stack.shape[1]):
            if y == 0 or row[y] != row[y - 1]:
                for i in range(len(draws)):
                    fetch(draws[i, plane, row[y]], column, lines[i])
            source, target = stack[plane, y], result[plane, y]
            _count_line(source, lines[0], lines[1], photons, np.float32(0), table, guide, target)
            for i in range(2, len(draws), 2):
                _count_line(source, lines[i], lines[i + 1], photons, chunk * np.float32(i // 2), table, guide, part)
                target += part
            for x in range(len(target)):
                target[x] /= photons


@njit(cache=True, nogil=True, inline="always")
def _count_line(
    source: Floats,
    first: Floats,
    second: Floats,
    photons: Scalar,
    below: Scalar,
    table: Floats,
    guide: Any,
    target: Floats,
) -> None:
    for x in range(len(target)):
        rate = min(max(photons * source[x] - below, np.float32(0)), np.float32(CHUNK))
        target[x] = count_of_rate(rate, first[x], second[x], table, guide)
