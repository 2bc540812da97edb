"""Compiled parts of the surface distances: boundaries of all classes in one pass, exact nearest points."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Points = NDArray[np.int32]


@njit(cache=True, nogil=True)
def boundary_points(labels: NDArray[np.uint8], classes: int) -> tuple[Points, NDArray[np.int64]]:
    """Boundary pixels (row, column) sorted by class, and where each class starts (classes + 1 offsets)."""
    height, width = labels.shape
    edge = np.empty((height, width), np.bool_)
    start = np.zeros(classes + 1, np.int64)
    for y in range(height):
        for x in range(width):
            c = labels[y, x]
            inside = (
                0 < y < height - 1
                and 0 < x < width - 1
                and labels[y - 1, x] == c
                and labels[y + 1, x] == c
                and labels[y, x - 1] == c
                and labels[y, x + 1] == c
            )
            edge[y, x] = not inside and c < classes
            if edge[y, x]:
                start[c + 1] += 1
    for c in range(classes):
        start[c + 1] += start[c]
    points = np.empty((start[classes], 2), np.int32)
    place = start[:-1].copy()
    for y in range(height):
        for x in range(width):
            if edge[y, x]:
                c = labels[y, x]
                points[place[c], 0], points[place[c], 1] = y, x
                place[c] += 1
    return points, start


@njit(cache=True, nogil=True)
def nearest_distances(points: Points, sites: Points, row_step: float, column_step: float) -> NDArray[np.float64]:
    """Euclidean distance from each point to its nearest site.

    Columns hold their nearest site by rows (two sweeps); a point then looks outwards over the columns and stops
    as soon as the column alone is farther than the best so far, so near surfaces cost next to nothing.
    """
    top = min(points[:, 0].min(), sites[:, 0].min())
    bottom = max(points[:, 0].max(), sites[:, 0].max())
    left, right = sites[:, 1].min(), sites[:, 1].max()
    rows = _rows_to_site(sites, top, bottom, left, right)
    distances = np.empty(len(points), np.float64)
    for i in range(len(points)):
        y, x = points[i, 0] - top, points[i, 1] - left
        best = np.inf
        # Columns left or right of all sites hold none: start at the first that can.
        step = max(0, -x, x - (right - left))
        while (step * column_step) ** 2 < best:
            low, high = x - step, x + step
            if low < 0 and high > right - left:
                break
            across = (step * column_step) ** 2
            if low >= 0 and low <= right - left and rows[y, low] >= 0:
                best = min(best, across + (rows[y, low] * row_step) ** 2)
            if high >= 0 and high <= right - left and rows[y, high] >= 0:
                best = min(best, across + (rows[y, high] * row_step) ** 2)
            step += 1
        distances[i] = np.sqrt(best)
    return distances


@njit(cache=True, nogil=True)
def _rows_to_site(sites: Points, top: int, bottom: int, left: int, right: int) -> NDArray[np.int32]:
    """Rows between each pixel of the window and the nearest site of its column; -1 where the column has none."""
    far = 1 << 30
    rows = np.full((bottom - top + 1, right - left + 1), far, np.int32)
    for i in range(len(sites)):
        rows[sites[i, 0] - top, sites[i, 1] - left] = 0
    for y in range(1, rows.shape[0]):
        for x in range(rows.shape[1]):
            rows[y, x] = min(rows[y, x], rows[y - 1, x] + 1)
    for y in range(rows.shape[0] - 2, -1, -1):
        for x in range(rows.shape[1]):
            rows[y, x] = min(rows[y, x], rows[y + 1, x] + 1)
    for y in range(rows.shape[0]):
        for x in range(rows.shape[1]):
            if rows[y, x] > bottom - top:
                rows[y, x] = -1
    return rows
