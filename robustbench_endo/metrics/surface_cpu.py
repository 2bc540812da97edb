"""Surface distances of label maps on the CPU: every class of an image in one compiled call."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from robustbench_endo.metrics.surface_kernels import Floats, Labels, boundary_points, nearest_squares
from robustbench_endo.metrics.surface_search import BLOCK


@njit(cache=True, nogil=True)
def image_distances(pred: Labels, target: Labels, classes: int, row: float, column: float, tolerance: float) -> Floats:
    """Rows hd, hd95, assd, nsd, missed; a column a class.

    Args:
        pred, target: uint8 (H, W); labels of C and above belong to no class.
        row, column: size of a pixel.
        tolerance: of nsd.
    """
    diagonal = math.hypot(pred.shape[0] * row, pred.shape[1] * column)
    scratch = np.empty(pred.shape[0] * (pred.shape[1] + 2 * BLOCK), np.int16)
    p_points, p_start = boundary_points(pred, classes)
    t_points, t_start = boundary_points(target, classes)
    result = np.full((5, classes), np.nan)
    result[4] = 0
    for c in range(classes):
        p, t = p_points[p_start[c] : p_start[c + 1]], t_points[t_start[c] : t_start[c + 1]]
        if len(p) and len(t):
            there = np.sqrt(nearest_squares(p, t, row, column, scratch))
            back = np.sqrt(nearest_squares(t, p, row, column, scratch))
            number = len(p) + len(t)
            result[0, c] = max(there.max(), back.max())
            result[1, c] = max(_percentile(there), _percentile(back))
            result[2, c] = (there.sum() + back.sum()) / number
            result[3, c] = ((there <= tolerance).sum() + (back <= tolerance).sum()) / number
        elif len(p) or len(t):
            result[:, c] = np.array((diagonal, diagonal, diagonal, 0.0, 1.0))
    return result


@njit(cache=True, nogil=True)
def _percentile(values: Floats) -> float:
    """The 95th percentile, linear between neighbours, by selection; as ``np.percentile(values, 95)``."""
    place = (len(values) - 1) * 0.95
    low = int(place)
    ordered = np.partition(values, low)
    below, above = ordered[low], ordered[low]
    if low + 1 < len(values):
        above = ordered[low + 1 :].min()
    share = place - low
    # As numpy does it, so that both ends are met exactly.
    value: float = below + (above - below) * share if share < 0.5 else above - (above - below) * (1 - share)
    return value
