"""The fit of a content area to a frame: bars at the ends of black lines, a circle or round corners in between."""

from __future__ import annotations

import math

import numpy as np

from robustbench_endo.corruptions.kernels.backend import Bytes, Doubles
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.content_area.geometry import Shape, inner_distance

_BLACK = 30
"""Largest channel value (of 255) of a surround: video black is 16, and codecs ring around it."""

_LINES = 96
"""Lines on each side of the frame along which the edge of the surround is located."""

_TRIPLES = 400
"""Circles through three points that are tried."""

_MINIMUM_POINTS = 10
"""Points that a circle or round corners need."""

_ASPECTS = (4 / 3, 5 / 4, 16 / 9)
"""Aspect ratios of cameras; a frame of another one may have been resized, so that its circle is an ellipse."""


@njit(cache=True, nogil=True)
def _level(image: Bytes, row: int, column: int) -> int:
    return int(max(image[row, column, 0], max(image[row, column, 1], image[row, column, 2])))


@njit(cache=True, nogil=True)
def may_have_surround(image: Bytes) -> bool:
    """Whether at least two corners of uint8 (H, W, 3), of 2 x 2 pixels, are black."""
    height, width = image.shape[:2]
    corners = 0
    for bottom in (False, True):
        for right in (False, True):
            black = True
            for i in range(2):
                for j in range(2):
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
            best, count = hits[i + (j - i) // 4], j - i
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
def _circle(points: Doubles, tolerance: float, triples: int) -> tuple[float, float, float, int]:
    """Center and radius of the circle through most of the points, refined by least squares, and their number."""
    count = len(points)
    best_x, best_y, best_radius, most = 0.0, 0.0, 0.0, 0
    state = np.uint32(1)
    for _ in range(triples):
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
    if most < _MINIMUM_POINTS:
        return 0.0, 0.0, 0.0, 0
    for _ in range(2):
        away = np.hypot(points[:, 0] - best_x, points[:, 1] - best_y) - best_radius
        best_x, best_y, best_radius = _least_squares(points[np.abs(away) <= tolerance], best_x, best_y)
    return best_x, best_y, best_radius, most


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
def _rounded_area(points: Doubles, box: Shape, short: float, tolerance: float) -> Shape:
    """``box`` with the corners that lie closest to the points; radius 0 for square corners."""
    best, least = box, math.inf
    for step in range(60):
        corner = step / 120 * short
        shape = (box[0], box[1], box[2], box[3], corner, corner, 0.0, 0.0, math.inf, math.inf, tolerance)
        residual = _residual(points, shape, tolerance)
        if residual < least:
            best, least = shape, residual
    return best


@njit(cache=True, nogil=True)
def _residual(points: Doubles, shape: Shape, tolerance: float) -> float:
    """Mean distance of the points to the edge of ``shape``; for outliers a constant."""
    total = 0.0
    for i in range(len(points)):
        total += min(abs(inner_distance(points[i, 0], points[i, 1], shape)), 3 * tolerance)
    return total / len(points)


@njit(cache=True, nogil=True)
def _is_surround(image: Bytes, shape: Shape) -> bool:
    """Whether all outside ``shape`` is black and the scene begins at its edge."""
    height, width = image.shape[:2]
    short = min(height, width)
    step = max(1, short // 160)
    # A vignette also ends on a circle, but goes on rising behind it. No vignette ends on a straight line.
    is_box = shape[4] == 0 and shape[8] == math.inf
    margin = 1.0 if is_box else max(1.0, 0.008 * short)
    band = max(margin + 2, 0.03 * short)
    outside, bright, near, near_bright, near_sum = 0, 0, 0, 0, 0.0
    first, first_bright, first_sum, second, second_sum = 0, 0, 0.0, 0, 0.0
    for i in range(0, height + step - 1, step):  # the last row and column, too: bars may be thin
        for j in range(0, width + step - 1, step):
            row, column = min(i, height - 1), min(j, width - 1)
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
    return rise >= 14 and (is_box or second_sum / second - first_sum / first < 0.5 * rise)


@njit(cache=True, nogil=True)
def fit_area(image: Bytes) -> Shape | None:
    """The geometry of the content area of uint8 (H, W, 3); None without a surround."""
    height, width = image.shape[:2]
    short = min(height, width)
    tolerance = max(1.0, 0.004 * short)
    depth, position = _edge_points(image)
    box = _box(depth, height, width)
    points = _points(depth, position, height, width, box, 2 * tolerance)
    if len(points) >= _MINIMUM_POINTS:
        circle = _round_area(points, box, height, width, tolerance)
        rounded = _rounded_area(points, box, short, tolerance)
        is_circle = circle[8] > 0 and _residual(points, circle, tolerance) <= _residual(points, rounded, tolerance)
        shape: Shape = circle if is_circle else rounded
        if (is_circle or rounded[4] > 4 * tolerance) and _is_surround(image, shape):
            return shape
    return box if _is_surround(image, box) else None


@njit(cache=True, nogil=True)
def _box(depth: Doubles, height: int, width: int) -> Shape:
    left, top, right, bottom = _bar(depth[0], 1.0), _bar(depth[1], 1.0), _bar(depth[2], 1.0), _bar(depth[3], 1.0)
    return (
        left if left > 0 else -math.inf,
        top if top > 0 else -math.inf,
        width - right if right > 0 else math.inf,
        height - bottom if bottom > 0 else math.inf,
        0.0, 0.0, 0.0, 0.0, math.inf, math.inf, 1.0,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _round_area(points: Doubles, box: Shape, height: int, width: int, tolerance: float) -> Shape:
    """The circle through the points, or the ellipse that a circle becomes by a change of the frame's aspect ratio.

    Returns:
        Radii of 0 without one. Sides of ``box`` that only touch the circle are left out.
    """
    aspect = width / height
    x, y, radius, near = _circle(points, tolerance, _TRIPLES)
    stretch = 1.0
    if near < 0.9 * len(points) and not _is_common_aspect(aspect):
        for common in _ASPECTS:
            scaled = points.copy()
            scaled[:, 0] *= common / aspect
            candidate = _circle(scaled, tolerance, _TRIPLES // 4)
            if candidate[3] > 1.1 * near:
                x, y, radius, near = candidate
                stretch = aspect / common
    x, radius_x = x * stretch, radius * stretch
    short, diagonal = min(height, width / stretch), math.hypot(height, width / stretch)
    if not 0.3 * short < radius < 0.7 * diagonal:
        radius_x, radius = 0.0, 0.0
    margin = 2 * tolerance
    return (
        box[0] if box[0] > x - radius_x + margin else -math.inf,
        box[1] if box[1] > y - radius + margin else -math.inf,
        box[2] if box[2] < x + radius_x - margin else math.inf,
        box[3] if box[3] < y + radius - margin else math.inf,
        0.0, 0.0, x, y, radius_x, radius, tolerance,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _is_common_aspect(aspect: float) -> bool:
    nearest = math.inf
    for common in _ASPECTS:
        nearest = min(nearest, abs(aspect / common - 1))
    return nearest < 0.02
