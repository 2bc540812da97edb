"""Weighted sums along a row, without index look-ups where the resampling is by a factor of two.

Factors of two are the usual ones (256 <-> 512 pixels), and the look-ups dominate the run time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.corruptions.kernels.backend import Floats, Indices, Indices32
from robustbench_endo.corruptions.kernels.compiled import njit

IRREGULAR, HALVING, DOUBLING = 0, 1, 2


class Stride(NamedTuple):
    """Range of output pixels in which the weights repeat.

    Attributes:
        kind: ``IRREGULAR`` (no such range), ``HALVING`` or ``DOUBLING``.
        first: first output pixel of the range.
        end: one past its last output pixel.
    """

    kind: int
    first: int
    end: int


class WeightArrays(NamedTuple):
    """The arrays of an :class:`.interpolation_weights.InterpolationWeights`, as compiled kernels take them.

    Attributes:
        start: int64 (n,), first input pixel of each output pixel.
        weights: float32 (n, taps).
        start32: ``start`` as int32, by which look-ups are vectorised.
        by_tap: ``weights`` transposed, float32 (taps, n).
        stride: where the resampling is a regular one by a factor of two.
    """

    start: Indices
    weights: Floats
    start32: Indices32
    by_tap: Floats
    stride: Stride


def find_stride(start: Indices, weights: Floats) -> Stride:
    """The range of a resampling that halves (2 or 4 taps) or doubles (2 taps) more than half of the output pixels."""
    if weights.shape[1] in (2, 4) and len(start) >= 8:
        repeats = (np.diff(start) == 2) & (weights[1:] == weights[:-1]).all(1)
        first, end = _longest_run(repeats)
        if end - first > len(start) // 2:
            return Stride(HALVING, first, end + 1)
    if weights.shape[1] == 2 and len(start) >= 8:
        repeats = (start[2:] - start[:-2] == 1) & (weights[2:] == weights[:-2]).all(1)
        first, end = _longest_run(repeats)
        if end - first > len(start) // 2:
            return Stride(DOUBLING, first, first + (end + 2 - first) // 2 * 2)
    return Stride(IRREGULAR, 0, 0)


def _longest_run(flags: NDArray[np.bool_]) -> tuple[int, int]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    if len(edges) == 0:
        return 0, 0
    runs = edges.reshape(-1, 2)
    first, end = runs[np.argmax(runs[:, 1] - runs[:, 0])]
    return int(first), int(end)


@njit(cache=True, nogil=True)
def add_resampled(line: Floats, columns: WeightArrays, target: Floats) -> None:
    """Add to each ``target[x]`` the sum over k of ``by_tap[k, x] * line[start[x] + k]``."""
    start, by_tap = columns.start32, columns.by_tap
    kind, first, end = columns.stride
    if kind == IRREGULAR:
        add_range(line, start, by_tap, 0, len(target), target)
        return
    add_range(line, start, by_tap, 0, first, target)
    if kind == HALVING:
        _halve(line[start[first] :], by_tap[:, first], target[first:end])
    else:
        even, odd = by_tap[:, first], by_tap[:, first + 1]
        _double(line[start[first] :], line[start[first + 1] :], even, odd, target[first:end])
    add_range(line, start, by_tap, end, len(target), target)


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
def add_range(line: Floats, start: Indices32, by_tap: Floats, first: int, end: int, target: Floats) -> None:
    """:func:`add_resampled` for the outputs ``first`` to ``end`` - 1, tap by tap (or two taps at once)."""
    if len(by_tap) == 2:
        w0, w1, following = by_tap[0], by_tap[1], line[1:]
        for x in range(first, end):
            target[x] += w0[x] * line[start[x]] + w1[x] * following[start[x]]
    else:
        for k in range(len(by_tap)):
            weights, shifted = by_tap[k], line[k:]
            for x in range(first, end):
                target[x] += weights[x] * shifted[start[x]]
