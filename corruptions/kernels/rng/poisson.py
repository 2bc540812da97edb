"""Poisson counts from uniform numbers, by tables that give the same counts on every machine.

Poisson counts are additive (Raikov): the count of a rate r is that of the nearest table level below r, from the
inverted tabulated distribution function, plus that of a remainder under 1/16, which is nearly always 0. Rates above
:data:`MAX_RATE` are cut into slices whose counts add up.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import (
    Bytes,
    Floats,
    Indices,
    Scalar,
    from_planes,
    to_planes,
    use_numba,
)
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.device_tables import device_table
from robustbench_endo.corruptions.kernels.rng.noise_cells import expand_cells
from robustbench_endo.corruptions.kernels.rng.noise_ops import cell_indices, expand_row
from robustbench_endo.corruptions.kernels.triton_support import use_triton

MAX_RATE = 64
"""The largest rate of one table look-up."""

_LEVELS_PER_UNIT = 16

_BINS = 256

_LEVELS_PER_UNIT_F32, _BINS_F32 = np.float32(_LEVELS_PER_UNIT), np.float32(_BINS)

_COUNTS = 128  # a rate of 64 exceeds it once in 10^12


def poisson_counts(rate: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Poisson counts of mean ``rate``.

    Args:
        rate: any shape, float32 in [0, MAX_RATE].
        first: uniform in (0, 1), decides the count of the table level.
        second: uniform in (0, 1), decides the count of the remainder.

    Returns:
        float32, the shape of ``rate``.
    """
    if not use_numba(rate.device):
        return poisson_counts_torch(rate, first, second)
    counts = np.empty(rate.numel(), np.float32)
    _poisson_counts(_flatten(rate), _flatten(first), _flatten(second), poisson_cdf(), first_counts(), counts)
    return torch.from_numpy(counts).reshape(rate.shape)


def poisson_counts_torch(rate: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """:func:`poisson_counts` on any device."""
    level = (rate * _LEVELS_PER_UNIT).int()
    remainder = torch.sub(rate, level, alpha=1.0 / _LEVELS_PER_UNIT)
    return _inverse_cdf(level, first).add_(_remainder_counts(remainder, second))


@lru_cache(maxsize=1)
def poisson_cdf() -> Floats:
    """P(count <= k) of each table level, (levels, counts)."""
    from scipy.special import pdtr

    rates = np.arange(MAX_RATE * _LEVELS_PER_UNIT + 1) / _LEVELS_PER_UNIT
    return np.asarray(pdtr(np.arange(_COUNTS), rates[:, None]), np.float32)


@lru_cache(maxsize=1)
def first_counts() -> Bytes:
    """The smallest count that a uniform number of each of 256 equal bins can give, (levels, bins)."""
    bins = (np.arange(_BINS) / _BINS).astype(np.float32)
    return np.stack([np.searchsorted(row, bins) for row in poisson_cdf()]).astype(np.uint8)


def _flatten(tensor: Tensor) -> Floats:
    flat: Floats = tensor.contiguous().numpy().reshape(-1)
    return flat


@njit(cache=True, nogil=True)
def _poisson_counts(rate: Any, first: Any, second: Any, cdf: Any, starts: Any, out: Any) -> None:
    for i in range(rate.size):
        out[i] = poisson_count(rate[i], first[i], second[i], cdf, starts)


@njit(inline="always")
def poisson_count(rate: Any, first: Any, second: Any, cdf: Any, starts: Any) -> Any:
    """One count of mean ``rate``, a float32 in [0, MAX_RATE], from two uniform numbers."""
    # Unsigned indices spare the test for negative ones.
    level = np.uint32(rate * _LEVELS_PER_UNIT_F32)
    count = np.uint32(starts[level, np.uint32(first * _BINS_F32)])
    while cdf[level, count] < first:
        count += np.uint32(1)
    remainder = rate - np.float32(level) / _LEVELS_PER_UNIT_F32
    if second < remainder:  # P(count of the remainder > 0) = 1 - exp(-remainder) < remainder
        count += np.uint32(_remainder_count(np.float64(remainder), second))
    return np.float32(count)


@njit(cache=True, nogil=True)
def _remainder_count(rate: float, uniform: float) -> int:
    term = np.exp(-rate)
    above = 1.0 - term
    count = 0
    while uniform < above:
        count += 1
        term *= rate / count
        above -= term
    return count


def _inverse_cdf(level: Tensor, uniform: Tensor) -> Tensor:
    """The smallest count whose distribution function reaches ``uniform``, by bisection."""
    cdf = device_table(poisson_cdf, level.device).reshape(-1)
    before = level * _COUNTS - 1
    index = before.clone()
    for bit in reversed(range(_COUNTS.bit_length() - 1)):
        index.add_(cdf[index + (1 << bit)] < uniform, alpha=1 << bit)
    return index.sub_(before).float()


def _remainder_counts(rate: Tensor, uniform: Tensor) -> Tensor:
    # float32 represents 1 - exp(-rate) less exactly than the CPU's float64: a count differs once in some millions.
    term = torch.exp(-rate)
    above = torch.expm1(-rate).neg_()
    count = torch.zeros_like(uniform)
    for k in range(1, 6):
        count += uniform < above
        term.mul_(rate).div_(k)
        above.sub_(term)
    return count


def rate_slices(rate: float) -> int:
    """Number of slices, of at most ``MAX_RATE``, into which ``rate`` is cut."""
    return max(1, -(-int(np.ceil(rate)) // MAX_RATE))


def poisson_noise(images: Tensor, photons: float, draws: Tensor, grain: float) -> Tensor:
    """Poisson(``photons`` x ``images``) / ``photons``.

    Args:
        images: (B, C, H, W) in [0, 1].
        photons: mean count of a white pixel.
        draws: (B, 2 * slices, C, rows, columns), two uniform numbers per rate slice (:func:`rate_slices` of
            ``photons``) and cell, see :func:`poisson_counts`.
        grain: side of a cell in pixels, see :mod:`.noise_cells`.
    """
    if use_triton(images.device):
        from robustbench_endo.corruptions.kernels.rng import noise_ops_triton

        cdf = device_table(poisson_cdf, images.device)
        return noise_ops_triton.poisson_noise(images, photons, draws, cdf, grain)
    if not use_numba(images.device):
        return poisson_noise_torch(images, photons, draws, grain)
    planes = to_planes(images)
    out = np.empty_like(planes)
    rows, columns = cell_indices(planes, grain)
    channels = images.shape[1]
    for item, numbers in enumerate(draws.numpy()):
        part = slice(item * channels, (item + 1) * channels)
        rate = np.float32(photons)
        _poisson_noise(planes[part], numbers, rows, columns, rate, poisson_cdf(), first_counts(), out[part])
    return from_planes(out, images)


def poisson_noise_torch(images: Tensor, photons: float, draws: Tensor, grain: float) -> Tensor:
    """:func:`poisson_noise` on any device."""
    total = images.new_zeros(())
    for i in range(draws.shape[1] // 2):
        rate = (photons * images - MAX_RATE * i).clamp_(0, MAX_RATE)
        first, second = (expand_cells(draws[:, 2 * i + j], images.shape[1:], grain) for j in (0, 1))
        total = total + poisson_counts(rate, first, second)
    return total / photons


@njit(cache=True, nogil=True)
def _poisson_noise(
    planes: Floats,
    draws: Floats,
    rows: Indices,
    columns: Indices,
    photons: Scalar,
    cdf: Floats,
    starts: Any,
    out: Floats,
) -> None:
    max_rate = np.float32(MAX_RATE)
    lines = np.empty((len(draws), planes.shape[2]), np.float32)
    part = np.empty(planes.shape[2], np.float32)
    for plane in range(planes.shape[0]):
        for y in range(planes.shape[1]):
            if y == 0 or rows[y] != rows[y - 1]:
                for i in range(len(draws)):
                    expand_row(draws[i, plane, rows[y]], columns, lines[i])
            source, target = planes[plane, y], out[plane, y]
            _count_row(source, lines[0], lines[1], photons, np.float32(0), cdf, starts, target)
            for i in range(2, len(draws), 2):
                below = max_rate * np.float32(i // 2)
                _count_row(source, lines[i], lines[i + 1], photons, below, cdf, starts, part)
                target += part
            for x in range(len(target)):
                target[x] /= photons


@njit(cache=True, nogil=True, inline="always")
def _count_row(
    source: Floats,
    first: Floats,
    second: Floats,
    photons: Scalar,
    below: Scalar,
    cdf: Floats,
    starts: Any,
    target: Floats,
) -> None:
    for x in range(len(target)):
        rate = min(max(photons * source[x] - below, np.float32(0)), np.float32(MAX_RATE))
        target[x] = poisson_count(rate, first[x], second[x], cdf, starts)
