"""Rasterization: coordinates of pixels, antialiased coverage, blending of a labelled colour into a pixel.

Coordinates are in units of the frame's short side, with the origin at its centre and y pointing down.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.corruptions.kernels.compiled import njit

# Division by zero gives inf, as in numpy, without a branch at every division. No fastmath: the order of the roundings
# is part of what makes the images identical on every machine.
strict_njit = njit(cache=True, error_model="numpy")

Field = NDArray[np.float64]

Mask = NDArray[np.uint8]


@strict_njit
def pixel_centre(index: int, count: int, unit: float) -> float:
    """Coordinate of the centre of pixel ``index`` of ``count`` pixels of width ``unit``."""
    return (index + 0.5 - 0.5 * count) * unit


@strict_njit
def pixel_window(x: float, y: float, reach: float, rows: int, columns: int) -> tuple[int, int, int, int]:
    """Pixel rows and columns (top, bottom, left, right; ends excluded) within ``reach`` of (x, y)."""
    size = min(rows, columns)
    top, bottom = int((y - reach) * size + 0.5 * rows), int((y + reach) * size + 0.5 * rows) + 2
    left, right = int((x - reach) * size + 0.5 * columns), int((x + reach) * size + 0.5 * columns) + 2
    return max(top, 0), min(bottom, rows), max(left, 0), min(right, columns)


@strict_njit
def segment_window(
    ax: float, ay: float, bx: float, by: float, reach: float, rows: int, columns: int
) -> tuple[int, int, int, int]:
    """Pixel rows and columns (top, bottom, left, right; ends excluded) within ``reach`` of a line segment."""
    unit = 1.0 / min(rows, columns)
    left = max(int((min(ax, bx) - reach) / unit + 0.5 * columns), 0)
    right = min(int((max(ax, bx) + reach) / unit + 0.5 * columns) + 1, columns)
    top = max(int((min(ay, by) - reach) / unit + 0.5 * rows), 0)
    bottom = min(int((max(ay, by) + reach) / unit + 0.5 * rows) + 1, rows)
    return top, bottom, left, right


@strict_njit
def coverage(distance: float, unit: float) -> float:
    """Share of a pixel inside a shape, 0 to 1.

    Args:
        distance: signed distance of the pixel's centre from the shape's outline, < 0 inside.
        unit: width of the pixel.
    """
    return min(max(0.5 - distance / unit, 0.0), 1.0)


@strict_njit
def blend_pixel(
    rgb: Field, mask: Mask, i: int, j: int, alpha: float, red: float, green: float, blue: float, label: int
) -> None:
    """Blend a colour into pixel (i, j); the label changes where at least half of the pixel is covered."""
    rgb[i, j, 0] += alpha * (red - rgb[i, j, 0])
    rgb[i, j, 1] += alpha * (green - rgb[i, j, 1])
    rgb[i, j, 2] += alpha * (blue - rgb[i, j, 2])
    if alpha >= 0.5:
        mask[i, j] = label
