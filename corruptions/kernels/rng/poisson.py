"""Poisson counts from uniform numbers, by tables that make them the same on every machine.

Poisson numbers add (Raikov): a rate r is the nearest table level below it, whose count is found by inverting the
tabulated distribution function, plus a remainder under 1/16, whose count is nearly always 0.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from scipy.special import pdtr
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Indices, Scalar, batch, compiled, planes
from robustbench_endo.corruptions.kernels.rng.noise_cells import spread
from robustbench_endo.corruptions.kernels.rng.noise_ops import fetch, index_of_pixels
from robustbench_endo.corruptions.kernels.triton_support import fused

CHUNK = 64
"""The largest rate of one look-up."""

_LEVELS_PER_UNIT = 16

_GUIDES = 256

_PER_UNIT, _BINS = np.float32(_LEVELS_PER_UNIT), np.float32(_GUIDES)

_COUNTS = 128  # a rate of 64 exceeds it once in 10^12


def poisson_counts(rate: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Counts of mean ``rate`` (any shape, float32 in [0, CHUNK]) as float32.

    Args:
        first: uniform in (0, 1), decides the table level's count.
        second: uniform in (0, 1), decides the remainder's count.
    """
    if not compiled(rate):
        return poisson_counts_torch(rate, first, second)
    counts = np.empty(rate.numel(), np.float32)
    _counts(_flat(rate), _flat(first), _flat(second), cumulative(), guides(), counts)
    return torch.from_numpy(counts).reshape(rate.shape)


def poisson_counts_torch(rate: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """:func:`poisson_counts` on any device."""
    level = (rate * _LEVELS_PER_UNIT).int()
    remainder = torch.sub(rate, level, alpha=1.0 / _LEVELS_PER_UNIT)
    return _invert(level, first).add_(_small(remainder, second))


@lru_cache(maxsize=1)
def cumulative() -> NDArray[np.float32]:
    """P(count <= k) of each table level, (levels, counts)."""
    rates = np.arange(CHUNK * _LEVELS_PER_UNIT + 1) / _LEVELS_PER_UNIT
    return np.asarray(pdtr(np.arange(_COUNTS), rates[:, None]), np.float32)


@lru_cache(maxsize=1)
def guides() -> NDArray[np.uint8]:
    """The smallest count that a uniform number of each of 256 equal bins can give, (levels, bins)."""
    bins = (np.arange(_GUIDES) / _GUIDES).astype(np.float32)
    return np.stack([np.searchsorted(row, bins) for row in cumulative()]).astype(np.uint8)


def _flat(tensor: Tensor) -> NDArray[np.float32]:
    return tensor.contiguous().numpy().reshape(-1)


@njit(cache=True, nogil=True)
def _counts(rate: Any, first: Any, second: Any, table: Any, guide: Any, out: Any) -> None:
    for i in range(rate.size):
        out[i] = count_of_rate(rate[i], first[i], second[i], table, guide)


@njit(inline="always")
def count_of_rate(rate: Any, first: Any, second: Any, table: Any, guide: Any) -> Any:
    """One count of mean ``rate``, a float32 in [0, CHUNK], from two uniform numbers."""
    # Unsigned indices spare the test for negative ones.
    level = np.uint32(rate * _PER_UNIT)
    count = np.uint32(guide[level, np.uint32(first * _BINS)])
    while table[level, count] < first:
        count += np.uint32(1)
    remainder = rate - np.float32(level) / _PER_UNIT
    if second < remainder:  # P(remainder's count > 0) = 1 - exp(-remainder) < remainder
        count += np.uint32(_small_count(np.float64(remainder), second))
    return np.float32(count)


@njit(cache=True, nogil=True)
def _small_count(rate: float, uniform: float) -> int:
    term = np.exp(-rate)
    above = 1.0 - term
    count = 0
    while uniform < above:
        count += 1
        term *= rate / count
        above -= term
    return count


def _invert(level: Tensor, uniform: Tensor) -> Tensor:
    """The smallest count whose distribution function reaches ``uniform``, by bisection."""
    table = cumulative_on(level.device).reshape(-1)
    before = level * _COUNTS - 1
    place = before.clone()
    for bit in reversed(range(_COUNTS.bit_length() - 1)):
        place.add_(table[place + (1 << bit)] < uniform, alpha=1 << bit)
    return place.sub_(before).float()


@lru_cache(maxsize=16)
def cumulative_on(device: torch.device) -> Tensor:
    """:func:`cumulative` as a tensor on ``device``."""
    return torch.from_numpy(cumulative()).to(device)


def _small(rate: Tensor, uniform: Tensor) -> Tensor:
    # float32 holds 1 - exp(-rate) less well than the CPU's float64: a count differs once in some millions.
    term = torch.exp(-rate)
    above = torch.expm1(-rate).neg_()
    count = torch.zeros_like(uniform)
    for k in range(1, 6):
        count += uniform < above
        term.mul_(rate).div_(k)
        above.sub_(term)
    return count


def chunks_of(photons: float) -> int:
    """How many chunks, of at most ``CHUNK`` photons, a white pixel's count is the sum of."""
    return max(1, -(-int(np.ceil(photons)) // CHUNK))


def photon_counts(images: Tensor, photons: float, draws: Tensor, grain: float) -> Tensor:
    """Poisson(``photons`` x ``images``) / ``photons``.

    Args:
        images: (B, C, H, W) in [0, 1].
        photons: the mean count of a white pixel.
        draws: (B, 2 * chunks, C, rows, columns), two uniform numbers a chunk and cell, see :func:`poisson_counts`.
        grain: side of a cell in pixels, see :mod:`.noise_cells`.
    """
    if fused(images.device):
        from robustbench_endo.corruptions.kernels.rng import noise_ops_triton as grain_triton

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
