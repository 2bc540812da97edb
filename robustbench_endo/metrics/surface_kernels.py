"""Compiled parts of the surface distances: boundaries of all classes in one pass, exact nearest points."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from robustbench_endo.metrics.surface_search import BLOCK, FAR, search, search_scaled

Labels = NDArray[np.uint8]
Points = NDArray[np.int32]
Steps = NDArray[np.int16]
Floats = NDArray[np.float64]


@njit(cache=True, nogil=True)
def boundary_points(labels: Labels, classes: int) -> tuple[Points, NDArray[np.int64]]:
    """Boundary pixels (row, column) sorted by class, then row, and where each class starts (classes + 1 offsets)."""
    height, width = labels.shape
    edge = np.zeros((width + 7) // 8 * 8, np.uint8)
    eights = edge.view(np.uint64)
    found = np.empty((4 * width, 2), np.int32)
    number = 0
    start = np.zeros(classes + 1, np.int64)
    for y in range(height):
        if number + width > len(found):
            more = np.empty((2 * len(found), 2), np.int32)
            more[:number] = found[:number]
            found = more
        _mark(labels, y, edge[:width])
        for eight in range(len(eights)):
            if eights[eight]:
                for x in range(8 * eight, min(8 * eight + 8, width)):
                    if edge[x] and labels[y, x] < classes:
                        found[number, 0], found[number, 1] = y, x
                        number += 1
                        start[labels[y, x] + 1] += 1
    for c in range(classes):
        start[c + 1] += start[c]
    points = np.empty((number, 2), np.int32)
    place = start[:-1].copy()
    for i in range(number):
        y, x = found[i, 0], found[i, 1]
        c = labels[y, x]
        points[place[c], 0], points[place[c], 1] = y, x
        place[c] += 1
    return points, start


@njit(cache=True, nogil=True)
def _mark(labels: Labels, y: int, edge: Labels) -> None:
    """1 where a pixel of row ``y`` has a 4-neighbour of another class or beyond the image."""
    if y == 0 or y == labels.shape[0] - 1:
        edge[:] = 1
        return
    edge[0] = edge[-1] = 1
    line, above, below = labels[y, 1:-1], labels[y - 1, 1:-1], labels[y + 1, 1:-1]
    left, right, inner = labels[y, :-2], labels[y, 2:], edge[1:-1]
    for x in range(len(line)):
        c = line[x]
        inner[x] = (c != above[x]) | (c != below[x]) | (c != left[x]) | (c != right[x])


@njit(cache=True, nogil=True)
def nearest_squares(points: Points, sites: Points, row: float, column: float, scratch: Steps) -> Floats:
    """Squared Euclidean distance from each point to its nearest site; both sorted by row.

    Columns hold the rows to their nearest site (two sweeps); a point then looks outwards over the columns, up to 32
    at a time, and stops as soon as they alone are farther than the best so far: near surfaces cost next to nothing.

    Args:
        row, column: size of a pixel.
        scratch: at least rows x (columns + 64) of the map.
    """
    top, left, right = points[0, 0], sites[:, 1].min(), sites[:, 1].max()
    height, width = points[-1, 0] - top + 1, right - left + 1 + 2 * BLOCK
    field = scratch[: height * width]
    _rows_to_site(sites, top, left - BLOCK, field.reshape(height, width))
    squares = np.empty(len(points))
    for i in range(len(points)):
        x, start = points[i, 1], (points[i, 0] - top) * width + BLOCK - left
        if row == 1 and column == 1:
            squares[i] = search(field, start, x, left, right)
        else:
            squares[i] = search_scaled(field, start, x, left, right, row, column)
    return squares


@njit(cache=True, nogil=True)
def _rows_to_site(sites: Points, top: int, left: int, field: Steps) -> None:
    """Rows between each pixel of ``field`` and the nearest site of its column, which may lie above or below it."""
    height = len(field)
    field[:] = FAR
    for i in range(len(sites)):
        y, x = sites[i, 0] - top, sites[i, 1] - left
        inside = min(max(y, 0), height - 1)
        field[inside, x] = min(field[inside, x], abs(y - inside))
    for y in range(1, height):
        _step(field[y - 1], field[y])
    for y in range(height - 2, -1, -1):
        _step(field[y + 1], field[y])


@njit(cache=True, nogil=True)
def _step(before: Steps, line: Steps) -> None:
    for x in range(len(line)):
        further = np.int16(before[x] + 1)
        line[x] = min(line[x], further)
