"""Perlin and Worley noise, and smooth fields of the tissue on a coarse grid that is interpolated by splines.

The fields have 64 nodes per short side: evaluated at every pixel, they would take four times as long as all else.

A noise table is a float32 array (64, 64, 2) of random numbers in [-1, 1) that repeats in both directions; the number of
a field shifts it, so that one table serves many fields. Only ``+ - * / floor sqrt`` are used, which IEEE 754 rounds
identically everywhere: the images are identical on every machine.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.data.synthetic.raster import Field, pixel_centre, strict_njit
from robustbench_endo.data.synthetic.view import View, frame_to_tissue

NoiseTable = NDArray[np.float32]

_PERIOD = 64

_WRAP = _PERIOD - 1


def sample_noise_table(rng: np.random.Generator) -> NoiseTable:
    """The noise table of one patient."""
    return rng.uniform(-1.0, 1.0, size=(_PERIOD, _PERIOD, 2)).astype(np.float32)


@strict_njit
def perlin_noise(noise: NoiseTable, field: int, x: float, y: float) -> float:
    """Gradient noise (Perlin, 2002) of wavelength 1 at (x, y), mean 0, about in [-1, 1]."""
    column, row = math.floor(x), math.floor(y)
    dx, dy = x - column, y - row
    c, r = (column + 17 * field) & _WRAP, (row + 29 * field) & _WRAP
    c1, r1 = (c + 1) & _WRAP, (r + 1) & _WRAP
    u = dx * dx * dx * (dx * (dx * 6.0 - 15.0) + 10.0)
    v = dy * dy * dy * (dy * (dy * 6.0 - 15.0) + 10.0)
    top_left = noise[r, c, 0] * dx + noise[r, c, 1] * dy
    top_right = noise[r, c1, 0] * (dx - 1.0) + noise[r, c1, 1] * dy
    bottom_left = noise[r1, c, 0] * dx + noise[r1, c, 1] * (dy - 1.0)
    bottom_right = noise[r1, c1, 0] * (dx - 1.0) + noise[r1, c1, 1] * (dy - 1.0)
    top = top_left + u * (top_right - top_left)
    bottom = bottom_left + u * (bottom_right - bottom_left)
    return float(1.6 * (top + v * (bottom - top)))


@strict_njit
def fractal_noise(noise: NoiseTable, field: int, x: float, y: float, octaves: int) -> float:
    """Sum of ``octaves`` of Perlin noise, each twice as fine and half as strong as the one before."""
    total, amplitude = 0.0, 1.0
    for octave in range(octaves):
        total += amplitude * perlin_noise(noise, field + octave, x, y)
        # The rotation prevents the grids of the octaves from lining up.
        x, y = 1.6 * x + 1.2 * y, 1.6 * y - 1.2 * x
        amplitude *= 0.5
    return total


@strict_njit
def worley_cells(noise: NoiseTable, field: int, x: float, y: float) -> tuple[float, float, int, int]:
    """Distances to the two nearest cell centres (one per unit square, jittered), and the numbers of these cells.

    After Worley, A Cellular Texture Basis Function (SIGGRAPH 1996).
    """
    column, row = math.floor(x), math.floor(y)
    near2, next2, near, after = 99.0, 99.0, 0, 0
    for j in range(row - 1, row + 2):
        r = (j + 29 * field) & _WRAP
        for i in range(column - 1, column + 2):
            c = (i + 17 * field) & _WRAP
            dx = i + 0.5 + 0.4 * noise[r, c, 0] - x
            dy = j + 0.5 + 0.4 * noise[r, c, 1] - y
            distance2 = dx * dx + dy * dy
            if distance2 < near2:
                next2, after = near2, near
                near2, near = distance2, r * _PERIOD + c
            elif distance2 < next2:
                next2, after = distance2, r * _PERIOD + c
    return math.sqrt(near2), math.sqrt(next2), near, after


@strict_njit
def cell_random(noise: NoiseTable, cell: int, field: int) -> float:
    """A random number in [0, 1) that belongs to a cell."""
    row, column = cell // _PERIOD + 29 * field, cell + 17 * field
    return float(0.5 + 0.5 * noise[row & _WRAP, column & _WRAP, field & 1])


@strict_njit
def smoothstep(low: float, high: float, x: float) -> float:
    """0 below ``low``, 1 above ``high``, a cubic between."""
    t = min(max((x - low) / (high - low), 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


WARP_X, WARP_Y, FLUSH, STAIN, WET = range(5)


@strict_njit
def low_frequency_fields(noise: NoiseTable, view: View, rows: int, columns: int, step: int) -> Field:
    """Nodes (R, C, 5) every ``step`` pixels: two warps, hyperaemia, blood, wetness; each about in [-1, 1]."""
    unit = 1.0 / min(rows, columns)
    nodes = np.empty((rows // step + 4, columns // step + 4, 5))
    for r in range(nodes.shape[0]):
        for c in range(nodes.shape[1]):
            sx, sy = pixel_centre((c - 1) * step, columns, unit), pixel_centre((r - 1) * step, rows, unit)
            x, y = frame_to_tissue(view, sx, sy)
            nodes[r, c, WARP_X] = fractal_noise(noise, 1, 1.7 * x, 1.7 * y, 4)
            nodes[r, c, WARP_Y] = fractal_noise(noise, 11, 1.7 * x, 1.7 * y, 4)
            nodes[r, c, FLUSH] = fractal_noise(noise, 71, 1.3 * x, 1.3 * y, 3)
            nodes[r, c, STAIN] = fractal_noise(noise, 81, 2.6 * x, 2.6 * y, 4)
            nodes[r, c, WET] = fractal_noise(noise, 91, 5.0 * x, 5.0 * y, 2)
    return nodes


@strict_njit
def _bspline_weights(t: float) -> tuple[float, float, float, float]:
    """Weights of the four nearest nodes in a uniform cubic B-spline; ``t`` in [0, 1) is the position between the two
    middle ones."""
    s = 1.0 - t
    return s * s * s / 6.0, 2.0 / 3.0 - t * t * (1.0 - 0.5 * t), 2.0 / 3.0 - s * s * (1.0 - 0.5 * s), t * t * t / 6.0


@strict_njit
def interpolate_row(nodes: Field, i: int, step: int, row: Field) -> None:
    """Fill ``row`` (C, 5) with the fields at pixel row ``i`` and the columns of the nodes."""
    r = i // step
    w0, w1, w2, w3 = _bspline_weights((i - r * step) / step)
    for c in range(row.shape[0]):
        for k in range(row.shape[1]):
            row[c, k] = (
                w0 * nodes[r, c, k] + w1 * nodes[r + 1, c, k] + w2 * nodes[r + 2, c, k] + w3 * nodes[r + 3, c, k]
            )


@strict_njit
def interpolate_column(row: Field, j: int, step: int, fields: Field) -> None:
    """Fill ``fields`` (5,) at pixel column ``j`` of a row from :func:`interpolate_row`."""
    c = j // step
    w0, w1, w2, w3 = _bspline_weights((j - c * step) / step)
    for k in range(fields.shape[0]):
        fields[k] = w0 * row[c, k] + w1 * row[c + 1, k] + w2 * row[c + 2, k] + w3 * row[c + 3, k]
