"""Similarity of corrupted and clean images on the CPU, a frame in one compiled call each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.metrics.ssim_window import C1, C2, RADIUS, WINDOW

Map = NDArray[np.float32]
Floats = NDArray[np.float64]

_TAPS = 2 * RADIUS + 1


@njit(cache=True, nogil=True)
def window_mean(values: Map) -> Map:
    """Weighted mean over the window around each inner pixel: (h, w) -> (h - 10, w - 10)."""
    height, width = values.shape
    line, result = np.empty(width, np.float32), np.empty((height - 10, width - 10), np.float32)
    for y in range(height - 10):
        _down(values, y, line)
        _across(line, result[y])
    return result


@njit(cache=True, nogil=True)
def similarity_sum(image: Map, luma: Map, mean: Map, square: Map) -> float:
    """Sum of SSIM over the inner pixels of an image and a clean one.

    Args:
        image: (3, H, W).
        luma: of the clean image, (H, W); ``mean`` and ``square``: window means of it and of its square.
    """
    height, width = luma.shape
    # The rows of one window; a row replaces the one 11 rows above, so that the oldest one is not always the first.
    rows = np.empty((3, _TAPS, width), np.float32)
    line, means = np.empty(width, np.float32), np.empty((3, width - 10), np.float32)
    columns = np.zeros(width - 10)  # one sum per column: the inner loop is then vectorised
    for y in range(height):
        at = y % _TAPS
        _luma(image[0, y], image[1, y], image[2, y], rows[0, at])
        _products(rows[0, at], luma[y], rows[1, at], rows[2, at])
        if y >= 2 * RADIUS:
            for k in range(3):
                _down(rows[k], at + 1, line)
                _across(line, means[k])
            _add_similarity(mean[y - 10], means[0], square[y - 10], means[1], means[2], columns, C1, C2)
    return float(columns.sum())


@njit(cache=True, nogil=True)
def luma_of(image: Map) -> Map:
    """(3, H, W) -> (H, W) (Rec. 601)."""
    result = np.empty(image.shape[1:], np.float32)
    for y in range(image.shape[1]):
        _luma(image[0, y], image[1, y], image[2, y], result[y])
    return result


@njit(cache=True, nogil=True)
def squared_error(first: Map, second: Map) -> float:
    """Sum of squared differences of two images (3, H, W)."""
    columns = np.zeros(first.shape[2], np.float64)  # as above
    for c in range(first.shape[0]):
        for y in range(first.shape[1]):
            left, right = first[c, y], second[c, y]
            for x in range(len(columns)):
                difference = left[x] - right[x]
                columns[x] += difference * difference
    return float(columns.sum())


@njit(cache=True, nogil=True)
def _luma(red: Map, green: Map, blue: Map, out: Map) -> None:
    r, g, b = np.float32(0.299), np.float32(0.587), np.float32(0.114)
    for x in range(len(out)):
        out[x] = r * red[x] + g * green[x] + b * blue[x]


@njit(cache=True, nogil=True)
def _products(values: Map, luma: Map, square: Map, product: Map) -> None:
    for x in range(len(values)):
        square[x] = values[x] * values[x]
        product[x] = luma[x] * values[x]


@njit(cache=True, nogil=True)
def _down(values: Map, first: int, out: Map) -> None:
    """Weighted mean of eleven rows from ``first``; after the last one follows the first."""
    rows = len(values)
    a, b, c, d = (
        values[first % rows],
        values[(first + 1) % rows],
        values[(first + 2) % rows],
        values[(first + 3) % rows],
    )
    e, f, g = values[(first + 4) % rows], values[(first + 5) % rows], values[(first + 6) % rows]
    h, i = values[(first + 7) % rows], values[(first + 8) % rows]
    j, k = values[(first + 9) % rows], values[(first + 10) % rows]
    for x in range(len(out)):
        above = WINDOW[0] * a[x] + WINDOW[1] * b[x] + WINDOW[2] * c[x] + WINDOW[3] * d[x] + WINDOW[4] * e[x]
        middle = above + WINDOW[5] * f[x] + WINDOW[6] * g[x] + WINDOW[7] * h[x]
        out[x] = middle + WINDOW[8] * i[x] + WINDOW[9] * j[x] + WINDOW[10] * k[x]


@njit(cache=True, nogil=True)
def _across(line: Map, out: Map) -> None:
    """Weighted mean of eleven columns."""
    for x in range(len(out)):
        first = WINDOW[0] * line[x] + WINDOW[1] * line[x + 1] + WINDOW[2] * line[x + 2] + WINDOW[3] * line[x + 3]
        middle = first + WINDOW[4] * line[x + 4] + WINDOW[5] * line[x + 5] + WINDOW[6] * line[x + 6]
        middle = middle + WINDOW[7] * line[x + 7] + WINDOW[8] * line[x + 8]
        out[x] = middle + WINDOW[9] * line[x + 9] + WINDOW[10] * line[x + 10]


@njit(cache=True, nogil=True)
def _add_similarity(mx: Map, my: Map, mxx: Map, myy: Map, mxy: Map, columns: Floats, c1: float, c2: float) -> None:
    """Add the SSIM of a row from window means of x, y, x^2, y^2 and xy."""
    for j in range(len(columns)):
        x, y = np.float64(mx[j]), np.float64(my[j])
        variances = mxx[j] - x * x + myy[j] - y * y
        covariance = mxy[j] - x * y
        columns[j] += (2 * x * y + c1) * (2 * covariance + c2) / ((x * x + y * y + c1) * (variances + c2))
