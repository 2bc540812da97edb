"""Putting one antialiased, labelled dot on the picture; the frame's coordinates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.data.synthetic.kernel import kernel

Field = NDArray[np.float64]
Mask = NDArray[np.uint8]


@kernel
def window(x: float, y: float, reach: float, rows: int, columns: int) -> tuple[int, int, int, int]:
    """Pixel rows and columns (top, bottom, left, right; ends excluded) within ``reach`` units of (x, y)."""
    size = min(rows, columns)
    top, bottom = int((y - reach) * size + 0.5 * rows), int((y + reach) * size + 0.5 * rows) + 2
    left, right = int((x - reach) * size + 0.5 * columns), int((x + reach) * size + 0.5 * columns) + 2
    return max(top, 0), min(bottom, rows), max(left, 0), min(right, columns)


@kernel
def coverage(distance: float, unit: float) -> float:
    """Share of a pixel of width ``unit`` inside a shape whose signed distance (< 0 inside) is given at its centre."""
    return min(max(0.5 - distance / unit, 0.0), 1.0)


@kernel
def dab(
    rgb: Field, mask: Mask, i: int, j: int, alpha: float, red: float, green: float, blue: float, label: int
) -> None:
    """Blends a colour into pixel (i, j); the label changes where at least half of the pixel is covered."""
    rgb[i, j, 0] += alpha * (red - rgb[i, j, 0])
    rgb[i, j, 1] += alpha * (green - rgb[i, j, 1])
    rgb[i, j, 2] += alpha * (blue - rgb[i, j, 2])
    if alpha >= 0.5:
        mask[i, j] = label
