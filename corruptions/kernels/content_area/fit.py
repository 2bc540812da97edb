"""The fit of a content area to a frame: bars at the ends of black lines, a circle or round corners in between."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from robustbench_endo.corruptions.kernels.backend import Bytes, Doubles
from robustbench_endo.corruptions.kernels.content_area.geometry import Shape, inner_distance

_BLACK = 30
"""Largest channel value (of 255) of a surround: video black is 16, and codecs ring around it."""

_LINES = 96
"""Lines on each side of the frame along which the edge of the surround is located."""

_TRIPLES = 400
"""Circles through three points that are tried."""

_MINIMUM_SHARE = 0.3
"""Smallest share of the frame that counts as a content area; less is a dark scene."""


@njit(cache=True, nogil=True)
def _level(image: Bytes, row: int, column: int) -> int:
    return max(image[row, column, 0], max(image[row, column, 1], image[row, column, 2]))


@njit(cache=True, nogil=True)
def may_have_surround(image: Bytes) -> bool:
    """Whether at least two corners of uint8 (H, W, 3) are black."""
    height, width = image.shape[:2]
    corners = 0
    for bottom in (False, True):
        for right in (False, True):
            black = True
            for i in range(3):
                for j in range(3):
                    row = height - 1 - i if bottom else i
                    column = width - 1 - j if right else j
                    black &= _level(image, row, column) <= _BLACK
            corners += black
    return corners >= 2


@njit(cache=True, nogil=True)
def _edge_points(image: Bytes) -> tuple[Doubles, Doubles]:
    """Where each of the lines from each side leaves black.

    Returns:
        depth (4, lines) from left, top, right and bottom in pixels, ``inf`` for a line that is black up to the middle;
        position (4, lines) of the line.
    """
    height, width = image.shape[:2]
    depth, position = np.full((4, _LINES), math.inf), np.empty((4, _LINES))
    for side in range(4):
        across, along = (height, width) if side % 2 == 0 else (width, height)
        for line in range(_LINES):
            at = int((line + 0.5) * across / _LINES)
            position[side, line] = at + 0.5
            run = 0
            for i in range(along // 2):
                j = i if side < 2 else along - 1 - i
                level = _level(image, at, j) if side % 2 == 0 else _level(image, j, at)
                run = run + 1 if level > _BLACK else 0
                if run == 2:
                    depth[side, line] = i - 1
                    break
    return depth, position


@njit(cache=True, nogil=True)
def _bar(depth: Doubles, tolerance: float) -> float:
    """The depth of the bar on one side; 0 if the ends of the black lines do not agree on one."""
    hits = np.sort(depth[depth < math.inf])
    best, count = 0.0, 0
    for i in range(len(hits)):
        j = np.searchsorted(hits, hits[i] + tolerance, "right")
        if j - i > count:
            best, count = hits[i + (j - i) // 2], j - i
    before = np.sum(hits < best - tolerance)
    if best < 1 or count < 0.35 * len(hits) or count < 0.2 * len(depth) or before > 0.15 * len(hits):
        return 0.0
    return best


@njit(cache=True, nogil=True)
def _points(depth: Doubles, position: Doubles, height: int, width: int, shape: Shape, tolerance: float) -> Doubles:
    """The ends of black lines (n, 2), x and y, that are not on a straight edge of ``shape`` nor of the frame."""
    out, count = np.empty((4 * _LINES, 2)), 0
    left, top = max(shape[0], 0.0), max(shape[1], 0.0)
    right, bottom = min(shape[2], float(width)), min(shape[3], float(height))
    for side in range(4):
        for line in range(_LINES):
            away, at = depth[side, line], position[side, line]
            if away == math.inf:
                continue
            if side % 2 == 0:
                x, y = away if side == 0 else width - away, at
            else:
                x, y = at, away if side == 1 else height - away
            if min(min(x - left, right - x), min(y - top, bottom - y)) > tolerance:
                out[count, 0], out[count, 1] = x, y
                count += 1
    return out[:count]


@njit(cache=True, nogil=True)
def _circle(points: Doubles, tolerance: float) -> tuple[float, float, float]:
    """Center and radius of the circle through most of the points, refined by least squares; radius 0 without one."""
    count = len(points)
    best_x, best_y, best_radius, most = 0.0, 0.0, 0.0, 0
    state = np.uint32(1)
    for _ in range(_TRIPLES):
        index = np.empty(3, np.int64)
        for k in range(3):
            state = np.uint32(state * np.uint32(1664525) + np.uint32(1013904223))
            index[k] = (np.int64(state) >> 8) % count
        x, y, radius = _circle_of_three(points[index[0]], points[index[1]], points[index[2]])
        if radius <= 0:
            continue
        near = 0
        for i in range(count):
            near += abs(math.hypot(points[i, 0] - x, points[i, 1] - y) - radius) <= tolerance
        if near > most:
            best_x, best_y, best_radius, most = x, y, radius, near
    if most < 10:
        return 0.0, 0.0, 0.0
    for _ in range(2):
        away = np.hypot(points[:, 0] - best_x, points[:, 1] - best_y) - best_radius
        best_x, best_y, best_radius = _least_squares(points[np.abs(away) <= tolerance], best_x, best_y)
    return best_x, best_y, best_radius


@njit(cache=True, nogil=True)
def _circle_of_three(a: Doubles, b: Doubles, c: Doubles) -> tuple[float, float, float]:
    bx, by, cx, cy = b[0] - a[0], b[1] - a[1], c[0] - a[0], c[1] - a[1]
    area = 2 * (bx * cy - by * cx)
    if abs(area) < 1e-6:
        return 0.0, 0.0, 0.0
    x = (cy * (bx * bx + by * by) - by * (cx * cx + cy * cy)) / area
    y = (bx * (cx * cx + cy * cy) - cx * (bx * bx + by * by)) / area
    return a[0] + x, a[1] + y, math.hypot(x, y)


@njit(cache=True, nogil=True)
def _least_squares(points: Doubles, x: float, y: float) -> tuple[float, float, float]:
    """The circle of least algebraic distance, by the normal equations relative to (x, y), solved by Cramer's rule."""
    count = float(len(points))
    u, v = points[:, 0] - x, points[:, 1] - y
    square = u * u + v * v
    su, sv, suu, svv, suv = u.sum(), v.sum(), (u * u).sum(), (v * v).sum(), (u * v).sum()
    ss, su_s, sv_s = square.sum(), (u * square).sum(), (v * square).sum()
    # Centered moments eliminate the radius.
    a, b, c = suu - su * su / count, suv - su * sv / count, svv - sv * sv / count
    p, q = (su_s - su * ss / count) / 2, (sv_s - sv * ss / count) / 2
    determinant = a * c - b * b
    if determinant <= 1e-9:
        return x, y, 0.0
    du, dv = (p * c - b * q) / determinant, (a * q - b * p) / determinant
    radius = math.sqrt(max(ss / count - 2 * (du * su + dv * sv) / count + du * du + dv * dv, 0.0))
    return x + du, y + dv, radius


@njit(cache=True, nogil=True)
def _corner_radius(image: Bytes, shape: Shape) -> float:
    """Median radius of the corners by where their diagonals leave black; 0 if fewer than three agree."""
    height, width = image.shape[:2]
    left, top = int(max(shape[0], 0.0)), int(max(shape[1], 0.0))
    right, bottom = int(min(shape[2], float(width))), int(min(shape[3], float(height)))
    radii = np.zeros(4)
    for corner in range(4):
        for i in range(min(right - left, bottom - top) // 4):
            row = top + i if corner < 2 else bottom - 1 - i
            column = left + i if corner % 2 == 0 else right - 1 - i
            if _level(image, row, column) > _BLACK:
                radii[corner] = i / (1 - math.sqrt(0.5))
                break
    radii.sort()
    middle = (radii[1] + radii[2]) / 2
    agree = np.sum(np.abs(radii - middle) <= 0.15 * middle)
    return middle if agree >= 3 else 0.0


@njit(cache=True, nogil=True)
def _is_surround(image: Bytes, shape: Shape) -> bool:
    """Whether all outside ``shape`` is black and the scene begins at its edge."""
    height, width = image.shape[:2]
    short = min(height, width)
    step = max(1, short // 160)
    margin, band = max(1.0, 0.008 * short), 0.03 * short
    outside, bright, near, near_bright, near_sum = 0, 0, 0, 0, 0.0
    first, first_bright, first_sum, second, second_sum = 0, 0, 0.0, 0, 0.0
    for row in range(0, height, step):
        for column in range(0, width, step):
            distance = inner_distance(column + 0.5, row + 0.5, shape)
            if distance > 2 * band:
                continue
            level = _level(image, row, column)
            if distance < -margin:
                outside += 1
                bright += level > _BLACK
                if distance > -band:
                    near += 1
                    near_bright += level > _BLACK
                    near_sum += level
            elif margin < distance < band:
                first += 1
                first_bright += level > _BLACK
                first_sum += level
            elif distance >= band:
                second += 1
                second_sum += level
    if near == 0 or first == 0 or second == 0:
        return False
    if bright > 0.08 * outside or near_bright > 0.03 * near or first_bright < 0.55 * first:
        return False
    rise = first_sum / first - near_sum / near
    return rise >= 14 and second_sum / second - first_sum / first < 0.6 * rise


@njit(cache=True, nogil=True)
def fit_area(image: Bytes) -> Shape | None:
    """The geometry of the content area of uint8 (H, W, 3); None without a surround."""
    height, width = image.shape[:2]
    short = min(height, width)
    tolerance = max(1.0, 0.004 * short)
    depth, position = _edge_points(image)
    left, top, right, bottom = _bar(depth[0], 1.0), _bar(depth[1], 1.0), _bar(depth[2], 1.0), _bar(depth[3], 1.0)
    box = (
        left if left > 0 else -math.inf,
        top if top > 0 else -math.inf,
        width - right if right > 0 else math.inf,
        height - bottom if bottom > 0 else math.inf,
        0.0, 0.0, 0.0, 0.0, math.inf, math.inf, 1.0,
    )  # fmt: skip
    points = _points(depth, position, height, width, box, 2 * tolerance)
    if len(points) >= 10:
        x, y, radius = _circle(points, tolerance)
        if 0.3 * short < radius < 0.7 * math.hypot(height, width):
            feather = max(1.0, 0.004 * short)
            cut = (
                box[0] if box[0] > x - radius + 2 * tolerance else -math.inf,
                box[1] if box[1] > y - radius + 2 * tolerance else -math.inf,
                box[2] if box[2] < x + radius - 2 * tolerance else math.inf,
                box[3] if box[3] < y + radius - 2 * tolerance else math.inf,
                0.0, 0.0, x, y, radius, radius, feather,
            )  # fmt: skip
            if _is_surround(image, cut):
                return cut
    if min(min(left, top), min(right, bottom)) > 0:
        corner = _corner_radius(image, box)
        if corner > 4 * tolerance:
            feather = max(1.0, 0.004 * short)
            rounded = (box[0], box[1], box[2], box[3], corner, corner, 0.0, 0.0, math.inf, math.inf, feather)
            if _is_surround(image, rounded):
                return rounded
    if max(max(left, top), max(right, bottom)) > 0 and _is_surround(image, box):
        return box
    return None
