"""Resamplings by a factor of two along a row, without look-ups: they are the usual ones, and look-ups take the time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from robustbench_endo.corruptions.kernels.backend import Floats, Indices

NONE, HALVING, DOUBLING = 0, 1, 2
Starts = NDArray[np.int32]


@dataclass(frozen=True)
class Stride:
    """Where a resampling repeats itself: outputs ``first`` to ``end`` - 1, in which way (``kind``)."""

    kind: int
    first: int
    end: int


def stride(start: Indices, weights: Floats) -> Stride:
    """The repetition of a resampling with 2 or 4 taps to halve, with 2 to double; ``NONE`` when there is none."""
    if weights.shape[1] in (2, 4) and len(start) >= 8:
        repeats = (np.diff(start) == 2) & (weights[1:] == weights[:-1]).all(1)
        first, end = _longest(repeats)
        if end - first > len(start) // 2:
            return Stride(HALVING, first, end + 1)
    if weights.shape[1] == 2 and len(start) >= 8:
        repeats = (start[2:] - start[:-2] == 1) & (weights[2:] == weights[:-2]).all(1)
        first, end = _longest(repeats)
        if end - first > len(start) // 2:
            return Stride(DOUBLING, first, first + (end + 2 - first) // 2 * 2)
    return Stride(NONE, 0, 0)


def _longest(flags: NDArray[np.bool_]) -> tuple[int, int]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    if len(edges) == 0:
        return 0, 0
    runs = edges.reshape(-1, 2)
    first, end = runs[np.argmax(runs[:, 1] - runs[:, 0])]
    return int(first), int(end)


@njit(cache=True, nogil=True)
def combine(line: Floats, start: Starts, by_tap: Floats, kind: int, first: int, end: int, target: Floats) -> None:
    """Add to each ``target[x]`` the sum over k of ``by_tap[k, x] * line[start[x] + k]``."""
    if kind == NONE:
        look_up(line, start, by_tap, 0, len(target), target)
        return
    look_up(line, start, by_tap, 0, first, target)
    if kind == HALVING:
        _halve(line[start[first] :], by_tap[:, first], target[first:end])
    else:
        even, odd = by_tap[:, first], by_tap[:, first + 1]
        _double(line[start[first] :], line[start[first + 1] :], even, odd, target[first:end])
    look_up(line, start, by_tap, end, len(target), target)


@njit(cache=True, nogil=True, inline="always")
def _halve(line: Floats, weights: Floats, target: Floats) -> None:
    w0, w1 = weights[0], weights[1]
    if len(weights) == 2:
        for i in range(len(target)):
            target[i] += w0 * line[2 * i] + w1 * line[2 * i + 1]
    else:
        w2, w3 = weights[2], weights[3]
        for i in range(len(target)):
            total = w0 * line[2 * i] + w1 * line[2 * i + 1]
            target[i] += (total + w2 * line[2 * i + 2]) + w3 * line[2 * i + 3]


@njit(cache=True, nogil=True, inline="always")
def _double(even: Floats, odd: Floats, w: Floats, v: Floats, target: Floats) -> None:
    w0, w1, v0, v1 = w[0], w[1], v[0], v[1]
    for i in range(len(target) // 2):
        target[2 * i] += w0 * even[i] + w1 * even[i + 1]
        target[2 * i + 1] += v0 * odd[i] + v1 * odd[i + 1]


@njit(cache=True, nogil=True, inline="always")
def look_up(line: Floats, start: Starts, by_tap: Floats, first: int, end: int, target: Floats) -> None:
    """The same for the outputs ``first`` to ``end`` - 1, tap by tap (two at once, where there are two)."""
    if len(by_tap) == 2:
        w0, w1, following = by_tap[0], by_tap[1], line[1:]
        for x in range(first, end):
            target[x] += w0[x] * line[start[x]] + w1[x] * following[start[x]]
    else:
        for k in range(len(by_tap)):
            weights, shifted = by_tap[k], line[k:]
            for x in range(first, end):
                target[x] += weights[x] * shifted[start[x]]
