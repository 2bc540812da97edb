"""Wide filters of 8-bit images at a reduced scale: the values are never stored at full size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Bytes, Floats
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.filters.pyramid_blur import enlargement, reduction
from robustbench_endo.corruptions.kernels.filters.separable import Border
from robustbench_endo.corruptions.kernels.interpolation.fast_resample import WeightArrays, add_resampled

_STEP = np.float32(1 / 255)
_HALF = np.float32(0.5)


def filter_bytes_at_reduced_scale(
    frame: Bytes, factor: int, margin: int, border: Border, smooth: Callable[[Tensor], Tensor]
) -> Bytes:
    """:func:`.pyramid_blur.filter_at_reduced_scale` of uint8 (H, W, 3), to the nearest level.

    Args:
        frame: uint8 (H, W, 3).
        factor: at least 2.
        margin: pixels beyond each edge, extrapolated by ``border``, that are included.
        border: extrapolation beyond the edge.
        smooth: the filter, applied to the reduced image (1, 3, h, w) in [0, 1].
    """
    cells = -(-margin // factor)
    down = [reduction(side, factor, cells, border) for side in frame.shape[:2]]
    coarse = _reduce(np.ascontiguousarray(frame), down[0].arrays, down[1].arrays)
    smoothed = smooth(torch.from_numpy(coarse)[None])[0].numpy()
    up = [enlargement(side, factor, cells, len(w)) for side, w in zip(frame.shape[:2], down, strict=True)]
    out = np.empty(frame.shape, np.uint8)
    _enlarge(smoothed, up[0].arrays, up[1].arrays, out)
    return out


@njit(cache=True, nogil=True)
def _reduce(frame: Bytes, rows: WeightArrays, columns: WeightArrays) -> Floats:
    size = 3 * frame.shape[1]
    out = np.zeros((3, len(rows.start), len(columns.start)), np.float32)
    line, channel = np.empty(size, np.float32), np.empty(frame.shape[1], np.float32)
    for y in range(len(rows.start)):
        line[:] = np.float32(0.0)
        for k in range(rows.weights.shape[1]):
            weight = rows.weights[y, k] * _STEP
            if weight != np.float32(0.0):
                source = frame[rows.start[y] + k].reshape(-1)
                for x in range(size):
                    line[x] += weight * np.float32(source[x])
        for c in range(3):
            for x in range(len(channel)):
                channel[x] = line[3 * x + c]
            add_resampled(channel, columns, out[c, y])
    return out


@njit(cache=True, nogil=True)
def _enlarge(planes: Floats, rows: WeightArrays, columns: WeightArrays, out: Bytes) -> None:
    width = out.shape[1]
    line, values = np.empty(planes.shape[2], np.float32), np.empty(width, np.float32)
    levels = np.empty((3, width), np.uint8)
    for y in range(out.shape[0]):
        top = rows.start[y]
        w0, w1 = rows.weights[y, 0] * np.float32(255), rows.weights[y, 1] * np.float32(255)
        for c in range(3):
            upper, lower = planes[c, top], planes[c, top + 1]
            for x in range(len(line)):
                line[x] = w0 * upper[x] + w1 * lower[x]
            values[:] = _HALF
            add_resampled(line, columns, values)
            for x in range(width):
                levels[c, x] = np.uint8(np.int32(values[x]))
        target = out[y].reshape(-1)
        for x in range(width):
            target[3 * x], target[3 * x + 1], target[3 * x + 2] = levels[0, x], levels[1, x], levels[2, x]
