"""Structural similarity of one-hot masks on the CPU: only around pixels where prediction and target differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.metrics.ssim_window import C1, C2, RADIUS, WINDOW

Labels = NDArray[np.uint8]
Map = NDArray[np.float32]
Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

TILE = 32
"""Inner pixels along a side of a tile."""

SPAN = TILE + 2 * RADIUS
"""Pixels along a side of a tile with the margin of its windows."""


@njit(cache=True, nogil=True)
def image_similarity(pred: Labels, target: Labels, classes: int) -> Floats:
    """SSIM of each class, (C,); NaN where neither map has it. Labels of C and above belong to no class.

    The SSIM of equal windows is 1: a class is computed at the pixels of a tile between the first and the last row
    whose window contains a pixel that only one of the maps assigns to it.
    """
    height, width = pred.shape[0] - 2 * RADIUS, pred.shape[1] - 2 * RADIUS
    total, present = np.zeros(classes), np.zeros(256, np.bool_)
    _mark_present(pred, present)
    _mark_present(target, present)
    first, last, counts = np.zeros(256, np.int64), np.zeros(256, np.int64), np.zeros((2, 256), np.int64)
    masks, lines = np.zeros((3, SPAN, SPAN), np.float32), np.zeros((3, SPAN), np.float32)
    means, columns = np.empty((3, TILE), np.float32), np.empty(TILE)
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            rows, across = min(TILE, height - top), min(TILE, width - left)
            bottom, right = top + rows + 2 * RADIUS, left + across + 2 * RADIUS
            p, t = pred[top:bottom, left:right], target[top:bottom, left:right]
            first[:classes], last[:classes], counts[:, :classes] = SPAN, -1, 0
            _differences(p, t, first, last, counts)
            for c in range(classes):
                if p.size in (counts[0, c], counts[1, c]):
                    total[c] += rows * across * C1 / (1 + C1)  # one mask is 1 everywhere, the other 0
                    continue
                begin, end = max(0, first[c] - 2 * RADIUS), min(rows, last[c] + 1)
                equal = rows - max(0, end - begin)
                total[c] += equal * across
                if equal < rows:
                    total[c] += _sum_of_rows(p, t, np.uint8(c), begin, end, masks, lines, means, columns)
    return np.where(present[:classes], total / (height * width), np.nan)


@njit(cache=True, nogil=True)
def _mark_present(labels: Labels, present: NDArray[np.bool_]) -> None:
    for y in range(labels.shape[0]):
        line, before = labels[y], -1
        for x in range(len(line)):
            if line[x] != before:
                before = line[x]
                present[before] = True


@njit(cache=True, nogil=True)
def _differences(pred: Labels, target: Labels, first: Numbers, last: Numbers, counts: Numbers) -> None:
    """First and last row where the maps differ in a class, and pixels that only one of them assigns to it."""
    for y in range(len(pred)):
        p, t, unequal = pred[y], target[y], np.uint8(0)
        for x in range(len(p)):
            unequal |= p[x] ^ t[x]
        if unequal:
            for x in range(len(p)):
                a, b = p[x], t[x]
                if a != b:
                    first[a], first[b] = min(first[a], y), min(first[b], y)
                    last[a] = last[b] = y
                    counts[0, a] += 1
                    counts[1, b] += 1


@njit(cache=True, nogil=True)
def _sum_of_rows(
    pred: Labels,
    target: Labels,
    c: np.uint8,
    begin: int,
    end: int,
    masks: Map,
    lines: Map,
    means: Map,
    columns: Floats,
) -> float:
    """Sum of the SSIM of one class over some inner rows of a tile."""
    # Beyond the last column of a narrow tile there are values of earlier ones, which are not added up.
    columns[:] = 0
    zero, one = np.float32(0), np.float32(1)
    for y in range(begin, end + 2 * RADIUS):
        for x in range(pred.shape[1]):
            a, b = pred[y, x] == c, target[y, x] == c
            masks[0, y, x] = one if a else zero
            masks[1, y, x] = one if b else zero
            masks[2, y, x] = one if a & b else zero
    for y in range(begin, end):
        for k in range(3):
            m, line, out = masks[k], lines[k], means[k]
            for x in range(SPAN):
                line[x] = (
                    WINDOW[0] * (m[y, x] + m[y + 10, x])
                    + WINDOW[1] * (m[y + 1, x] + m[y + 9, x])
                    + WINDOW[2] * (m[y + 2, x] + m[y + 8, x])
                    + WINDOW[3] * (m[y + 3, x] + m[y + 7, x])
                    + WINDOW[4] * (m[y + 4, x] + m[y + 6, x])
                    + WINDOW[5] * m[y + 5, x]
                )
            for x in range(TILE):
                out[x] = (
                    WINDOW[0] * (line[x] + line[x + 10])
                    + WINDOW[1] * (line[x + 1] + line[x + 9])
                    + WINDOW[2] * (line[x + 2] + line[x + 8])
                    + WINDOW[3] * (line[x + 3] + line[x + 7])
                    + WINDOW[4] * (line[x + 4] + line[x + 6])
                    + WINDOW[5] * line[x + 5]
                )
        _add_similarity(means[0], means[1], means[2], columns, C1, C2)
    return float(columns[: pred.shape[1] - 2 * RADIUS].sum())


@njit(cache=True, nogil=True)
def _add_similarity(x: Map, y: Map, xy: Map, columns: Floats, c1: float, c2: float) -> None:
    """Add the SSIM of a row from its window means; masks are 0 or 1, so x^2 = x."""
    for i in range(len(columns)):
        a, b = np.float64(x[i]), np.float64(y[i])
        variances, covariance = a - a * a + b - b * b, xy[i] - a * b
        columns[i] += (2 * a * b + c1) * (2 * covariance + c2) / ((a * a + b * b + c1) * (variances + c2))
