"""Enlargement of a few coarse fields: columns first, while there are few rows of them, then each row of the result."""

from __future__ import annotations

import numpy as np
from numba import njit
from torch import Tensor

from ..backend import Floats, Indices, batch, compiled, planes
from ..resampling.resample import resample, resample_torch
from ..resampling.strides import Starts, combine
from ..resampling.taps import Taps

Repeats = tuple[int, int, int]


def enlarge(fields: Tensor, rows: Taps, columns: Taps) -> Tensor:
    """(B, C, h, w) -> (B, C, len(rows), len(columns)): :func:`.resample.resample` but for the order of the sums."""
    if not compiled(fields):
        return resample_torch(fields, rows, columns)
    if len(rows.start) < fields.shape[-2]:
        return resample(fields, rows, columns)
    stack = planes(fields)
    result = np.empty((len(stack), len(rows.start), len(columns.start)), np.float32)
    _enlarge(stack, rows.start, rows.weights, columns.short_start, columns.by_tap, repeats(columns), result)
    return batch(result, fields)


def repeats(columns: Taps) -> Repeats:
    """What :func:`.strides.combine` asks for."""
    return columns.stride.kind, columns.stride.first, columns.stride.end


@njit(cache=True, nogil=True)
def _enlarge(
    stack: Floats,
    row_start: Indices,
    row_weights: Floats,
    column_start: Starts,
    column_weights: Floats,
    stride: Repeats,
    result: Floats,
) -> None:
    ring = np.empty((row_weights.shape[1], result.shape[2]), np.float32)
    for plane in range(len(stack)):
        ready = 0
        for y in range(len(row_start)):
            ready = widen(stack[plane], ready, row_start[y], column_start, column_weights, stride, ring)
            weighted(ring, row_start[y], row_weights[y], result[plane, y])


@njit(cache=True, nogil=True)
def widen(
    plane: Floats, ready: int, start: int, column_start: Starts, weights: Floats, stride: Repeats, ring: Floats
) -> int:
    """Put the enlarged rows ``start`` ... of ``plane`` into ``ring``, row r at place r modulo its length.

    ``ready`` rows have been there already; the new number comes back.
    """
    kind, first, end = stride
    for row in range(max(ready, start), start + len(ring)):
        line = ring[row % len(ring)]
        line[:] = np.float32(0.0)
        combine(plane[row], column_start, weights, kind, first, end, line)
    return max(ready, start + len(ring))


@njit(cache=True, nogil=True)
def weighted(ring: Floats, start: int, weights: Floats, target: Floats) -> None:
    """``target`` = the sum over k of ``weights[k]`` times row ``start`` + k of ``ring``."""
    first, count = ring[start % len(ring)], len(ring)
    if count == 2:
        second = ring[(start + 1) % count]
        for x in range(len(target)):
            target[x] = weights[0] * first[x] + weights[1] * second[x]
        return
    for x in range(len(target)):
        target[x] = weights[0] * first[x]
    for k in range(1, count):
        line, weight = ring[(start + k) % count], weights[k]
        for x in range(len(target)):
            target[x] += weight * line[x]
