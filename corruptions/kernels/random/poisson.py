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

from ..backend import compiled

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
