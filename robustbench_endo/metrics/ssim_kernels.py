"""Compiled Gaussian windows of the structural similarity (Wang et al., 2004): 11 x 11, sigma 1.5, inner pixels only."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Map = NDArray[np.float32]

RADIUS = 5
_OFFSETS = np.arange(-RADIUS, RADIUS + 1)
_BELL = np.exp(-0.5 * (_OFFSETS / 1.5) ** 2)
WINDOW: Map = (_BELL / _BELL.sum()).astype(np.float32)
C1, C2 = 0.01**2, 0.03**2
"""Stabilisers for data in [0, 1]."""


@njit(cache=True, nogil=True)
def window_mean(values: Map, window: Map) -> Map:
    """Weighted mean over the window around each inner pixel: (h, w) -> (h - 10, w - 10)."""
    height, width = values.shape
    inner_height, inner_width = height - 10, width - 10
    line = np.empty(width, np.float32)
    result = np.zeros((inner_height, inner_width), np.float32)
    for y in range(inner_height):
        for x in range(width):
            line[x] = window[0] * values[y, x]
        for k in range(1, 11):
            weight = window[k]
            for x in range(width):
                line[x] += weight * values[y + k, x]
        out = result[y]
        for k in range(11):
            weight = window[k]
            for x in range(inner_width):
                out[x] += weight * line[x + k]
    return result


@njit(cache=True, nogil=True)
def similarity_sum(mx: Map, my: Map, mxx: Map, myy: Map, mxy: Map, c1: float, c2: float) -> float:
    """Sum over pixels of SSIM from window means of x, y, x^2, y^2 and xy."""
    columns = np.zeros(mx.shape[1])  # a sum a column: the inner loop is then vectorised
    for i in range(mx.shape[0]):
        for j in range(len(columns)):
            x, y = np.float64(mx[i, j]), np.float64(my[i, j])
            variances = mxx[i, j] - x * x + myy[i, j] - y * y
            covariance = mxy[i, j] - x * y
            columns[j] += (2 * x * y + c1) * (2 * covariance + c2) / ((x * x + y * y + c1) * (variances + c2))
    return float(columns.sum())
