"""The mask of a content area and the filling of its surround."""

from __future__ import annotations

import math

import numpy as np

from robustbench_endo.corruptions.kernels.backend import Floats, Indices
from robustbench_endo.corruptions.kernels.compiled import njit

Shape = tuple[float, float, float, float, float, float, float, float, float, float, float]
"""Left, top, right, bottom, horizontal and vertical radius of the corners, column and row of the center of the ellipse,
its horizontal and vertical radius, width of the soft edge; see ``ContentArea``."""


@njit(cache=True, nogil=True)
def _ellipse_distance(x: float, y: float, radius_x: float, radius_y: float) -> float:
    """Distance to an ellipse around the origin, positive inside; of first order, so exact for a circle."""
    u, v = x / radius_x, y / radius_y
    norm = math.sqrt(u * u + v * v)
    if norm < 0.25:
        return min(radius_x, radius_y) * (1 - norm)
    return (1 - norm) * norm / math.sqrt((u / radius_x) ** 2 + (v / radius_y) ** 2)


@njit(cache=True, nogil=True)
def inner_distance(x: float, y: float, shape: Shape) -> float:
    """Distance in pixels from (x, y) to the edge of the area: positive inside, negative in the surround."""
    left, top, right, bottom, corner_x, corner_y, center_x, center_y, radius_x, radius_y, _ = shape
    distance = min(min(x - left, right - x), min(y - top, bottom - y))
    if corner_x > 0:
        from_x = max(left + corner_x - x, x - (right - corner_x))
        from_y = max(top + corner_y - y, y - (bottom - corner_y))
        if from_x > 0 and from_y > 0:
            distance = min(distance, _ellipse_distance(from_x, from_y, corner_x, corner_y))
    if radius_x < math.inf:
        distance = min(distance, _ellipse_distance(x - center_x, y - center_y, radius_x, radius_y))
    return distance


@njit(cache=True, nogil=True)
def mask(height: int, width: int, shape: Shape) -> Floats:
    """float32 (H, W): 0 half a pixel outside the edge, rising to 1 over ``feather`` pixels."""
    out = np.empty((height, width), np.float32)
    for row in range(height):
        for column in range(width):
            distance = inner_distance(column + 0.5, row + 0.5, shape)
            out[row, column] = min(max((distance + 0.5) / shape[10], 0.0), 1.0)
    return out


@njit(cache=True, nogil=True)
def fill_index(inside: Floats, shape: Shape) -> Indices:
    """int64 (H, W): the flat index of the pixel with mask 1 that lies mirrored at the edge."""
    left, top, right, bottom, _, _, center_x, center_y, radius_x, radius_y, feather = shape
    height, width = inside.shape
    left, top = max(left, 0.0), max(top, 0.0)
    right, bottom = min(right, float(width)), min(bottom, float(height))
    round_area = radius_x < math.inf
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    if round_area:
        middle_x, middle_y = min(max(center_x, left), right), min(max(center_y, top), bottom)
    out = np.empty((height, width), np.int64)
    for row in range(height):
        for column in range(width):
            if inside[row, column] == 1:
                out[row, column] = row * width + column
                continue
            x, y = column + 0.5, row + 0.5
            x = max(2 * left - x, min(x, 2 * right - x))
            y = max(2 * top - y, min(y, 2 * bottom - y))
            if round_area:
                u, v = (x - center_x) / (radius_x - feather), (y - center_y) / (radius_y - feather)
                norm = math.sqrt(u * u + v * v)
                if norm > 1:
                    scale = max(2 / norm - 1, 0.0)
                    x, y = center_x + scale * (x - center_x), center_y + scale * (y - center_y)
            # What is not inside yet, as in corners, moves towards the middle: the area is convex.
            step = 0.0
            while True:
                fill_x = int(min(max(x + step * (middle_x - x), 0.0), width - 1.0))
                fill_y = int(min(max(y + step * (middle_y - y), 0.0), height - 1.0))
                if inside[fill_y, fill_x] == 1 or step >= 1:
                    break
                step += 0.01
            out[row, column] = fill_y * width + fill_x
    return out
