"""Row-by-row enlargement of fields on a coarse grid, with the last enlarged rows in a ring buffer."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, from_planes, to_planes, use_numba
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.interpolation.fast_resample import WeightArrays, add_resampled
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import InterpolationWeights
from robustbench_endo.corruptions.kernels.interpolation.resample import resample, resample_torch


def upsample_fields(fields: Tensor, rows: InterpolationWeights, columns: InterpolationWeights) -> Tensor:
    """(B, C, h, w) -> (B, C, len(rows), len(columns)): :func:`.resample.resample` but for the order of the sums.

    Columns are combined first, once per input row, which is faster when there are more output than input rows.
    """
    if not use_numba(fields.device):
        return resample_torch(fields, rows, columns)
    if len(rows) < fields.shape[-2]:
        return resample(fields, rows, columns)
    return from_planes(_upsample_fields(to_planes(fields), rows.arrays, columns.arrays), fields)


@njit(cache=True, nogil=True)
def _upsample_fields(planes: Floats, rows: WeightArrays, columns: WeightArrays) -> Floats:
    out = np.empty((len(planes), len(rows.start), len(columns.start)), np.float32)
    ring = np.empty((rows.weights.shape[1], out.shape[2]), np.float32)
    for plane in range(len(planes)):
        ready = 0
        for y in range(len(rows.start)):
            ready = upsample_row(planes[plane], ready, rows, columns, y, ring, out[plane, y])
    return out


@njit(cache=True, nogil=True)
def upsample_row(
    plane: Floats, ready: int, rows: WeightArrays, columns: WeightArrays, y: int, ring: Floats, target: Floats
) -> int:
    """Write row ``y`` of the enlarged ``plane`` to ``target``.

    Args:
        plane: (h, w).
        ready: number of input rows that were enlarged into ``ring`` so far.
        rows: weights of the rows.
        columns: weights of the columns.
        y: output row; must not decrease from call to call.
        ring: (taps of ``rows``, W); input row r, with its columns combined, is at r modulo the number of taps.
        target: (W,).

    Returns:
        The new value of ``ready``.
    """
    start: int = rows.start[y]
    for row in range(max(ready, start), start + len(ring)):
        line = ring[row % len(ring)]
        line[:] = np.float32(0.0)
        add_resampled(plane[row], columns, line)
    _combine(ring, start, rows.weights[y], target)
    return max(ready, start + len(ring))


@njit(cache=True, nogil=True)
def _combine(ring: Floats, start: int, weights: Floats, target: Floats) -> None:
    """``target`` = the sum over k of ``weights[k]`` times input row ``start`` + k."""
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
