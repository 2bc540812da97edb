"""Surface distances of label maps on the CPU: every class of an image in one compiled call."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.corruptions.kernels.compiled import njit

Labels = NDArray[np.uint8]
Points = NDArray[np.int32]
Steps = NDArray[np.int16]
Floats = NDArray[np.float64]

FAR = 16383
"""Steps to the nearest site in a column without one: more than the diagonal of any accepted map."""

BLOCK = 32
"""Columns searched at a time."""

_FIRST = 8  # columns on either side in the first step


@njit(cache=True, nogil=True)
def search(field: Steps, start: int, x: int, left: int, right: int) -> int:
    """Smallest square from column ``x``, outwards in blocks until the columns are farther than the best square.

    Args:
        field: int16, flat: vertical steps to the nearest site, a row of which has ``BLOCK`` further columns on either
            side of those from ``left`` to ``right``.
        start: position of column 0 of the pixel's row.
        left, right: the outermost columns with a site.
    """
    best, near = 1 << 62, max(0, left - x, x - right)  # columns left and right of all sites have none
    if near == 0:
        # The number of columns is never a literal: LLVM would unroll the loop instead of vectorising it.
        best = _columns(field, start + x - _FIRST, -_FIRST, min(2 * _FIRST, right - left + 2 * _FIRST))
        near = _FIRST
    while near * near < best and (x - near >= left or x + near <= right):
        reach = min(BLOCK, _eights(best) - near)
        if x - near >= left:
            best = min(best, _columns(field, start + x - near - reach + 1, 1 - near - reach, reach))
        if x + near <= right:
            best = min(best, _columns(field, start + x + near, near, reach))
        near += reach
    return best


@njit(cache=True, nogil=True)
def search_scaled(field: Steps, start: int, x: int, left: int, right: int, row: float, column: float) -> float:
    """:func:`search` for pixels of another size than 1 x 1."""
    best, near = np.inf, max(0, left - x, x - right)
    while (near * column) ** 2 < best and (x - near >= left or x + near <= right):
        if x - near >= left:
            best = min(best, _columns_scaled(field, start + x - near - 7, -near - 7, row, column))
        if x + near <= right:
            best = min(best, _columns_scaled(field, start + x + near, near, row, column))
        near += 8
    return best


@njit(cache=True, nogil=True, inline="always")
def _eights(best: int) -> int:
    """Number of columns that can contain a nearer site, rounded up to a multiple of eight."""
    return int(np.sqrt(float(min(best, 1 << 30)))) // 8 * 8 + 8


@njit(cache=True, nogil=True)
def _columns(field: Steps, first: int, offset: int, count: int) -> int:
    """Smallest square over ``count`` columns from ``first``, which is ``offset`` columns away."""
    # Numbers of 32 bits and an unsigned index: one vector instruction does eight columns.
    best, start, distance = np.int32(2147483647), np.uint64(first), np.int32(offset)
    for i in range(count):
        down, across = np.int32(field[start + np.uint64(i)]), np.int32(distance + i)
        best = min(best, np.int32(np.int32(down * down) + np.int32(across * across)))
    return int(best)


@njit(cache=True, nogil=True)
def _columns_scaled(field: Steps, first: int, offset: int, row: float, column: float) -> float:
    best = np.inf
    for i in range(8):
        steps = field[np.uint64(first) + np.uint64(i)]
        if steps < FAR:
            best = min(best, (steps * row) ** 2 + ((offset + i) * column) ** 2)
    return best


@njit(cache=True, nogil=True)
def boundary_points(labels: Labels, classes: int) -> tuple[Points, NDArray[np.int64]]:
    """Boundary pixels (row, column) sorted by class, then row, and where each class starts (classes + 1 offsets)."""
    height, width = labels.shape
    edge = np.zeros((width + 7) // 8 * 8, np.uint8)
    eights = edge.view(np.uint64)
    pixels = np.empty((4 * width, 2), np.int32)
    number = 0
    start = np.zeros(classes + 1, np.int64)
    for y in range(height):
        if number + width > len(pixels):
            larger = np.empty((2 * len(pixels), 2), np.int32)
            larger[:number] = pixels[:number]
            pixels = larger
        _mark(labels, y, edge[:width])
        for eight in range(len(eights)):
            if eights[eight]:
                for x in range(8 * eight, min(8 * eight + 8, width)):
                    if edge[x] and labels[y, x] < classes:
                        pixels[number, 0], pixels[number, 1] = y, x
                        number += 1
                        start[labels[y, x] + 1] += 1
    for c in range(classes):
        start[c + 1] += start[c]
    points = np.empty((number, 2), np.int32)
    position = start[:-1].copy()
    for i in range(number):
        y, x = pixels[i, 0], pixels[i, 1]
        c = labels[y, x]
        points[position[c], 0], points[position[c], 1] = y, x
        position[c] += 1
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

    Two sweeps count the rows to the nearest site of each column; each point then searches outwards over the columns, up
    to 32 at a time, and stops once their horizontal distance exceeds the best: near surfaces cost very little.

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


@njit(cache=True, nogil=True)
def image_distances(
    pred: Labels, target: Labels, classes: int, row: float, column: float, tolerance: Floats, first: int
) -> Floats:
    """Rows hd, hd95, assd, nsd, missed; one column per class.

    Args:
        pred, target: uint8 (H, W); labels of C and above belong to no class.
        row, column: size of a pixel.
        tolerance: of nsd, of each class.
        first: the first class that is measured; those before are NaN, and not missed.
    """
    diagonal = math.hypot(pred.shape[0] * row, pred.shape[1] * column)
    scratch = np.empty(pred.shape[0] * (pred.shape[1] + 2 * BLOCK), np.int16)
    p_points, p_start = boundary_points(pred, classes)
    t_points, t_start = boundary_points(target, classes)
    result = np.full((5, classes), np.nan)
    result[4] = 0
    for c in range(first, classes):
        p, t = p_points[p_start[c] : p_start[c + 1]], t_points[t_start[c] : t_start[c + 1]]
        if len(p) and len(t):
            forward = np.sqrt(nearest_squares(p, t, row, column, scratch))
            backward = np.sqrt(nearest_squares(t, p, row, column, scratch))
            number = len(p) + len(t)
            result[0, c] = max(forward.max(), backward.max())
            result[1, c] = max(_percentile(forward), _percentile(backward))
            result[2, c] = (forward.sum() + backward.sum()) / number
            result[3, c] = ((forward <= tolerance[c]).sum() + (backward <= tolerance[c]).sum()) / number
        elif len(p) or len(t):
            result[:, c] = np.array((diagonal, diagonal, diagonal, 0.0, 1.0))
    return result


@njit(cache=True, nogil=True)
def _percentile(values: Floats) -> float:
    """The 95th percentile by selection, as ``np.percentile(values, 95)``."""
    position = (len(values) - 1) * 0.95
    low = int(position)
    ordered = np.partition(values, low)
    below, above = ordered[low], ordered[low]
    if low + 1 < len(values):
        above = ordered[low + 1 :].min()
    fraction = position - low
    # As in numpy, so that both ends are exact.
    value: float = below + (above - below) * fraction if fraction < 0.5 else above - (above - below) * (1 - fraction)
    return value
