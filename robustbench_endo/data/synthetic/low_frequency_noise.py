"""The smooth fields of the tissue, on a grid of 64 nodes a short side: every pixel would cost four times the frame.

A lattice is a float32 array (64, 64, 2) of random numbers in [-1, 1) that repeats in both directions; ``field`` numbers
shift it, so that one lattice serves many fields. Only ``+ - * / floor sqrt`` are used, which IEEE 754 rounds the same
everywhere: the pictures are the same on every machine.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.data.synthetic.raster import kernel
from robustbench_endo.data.synthetic.view import View, on_tissue

Lattice = NDArray[np.float32]

_PERIOD = 64

_WRAP = _PERIOD - 1


def draw_lattice(rng: np.random.Generator) -> Lattice:
    """Random numbers for every field of one patient."""
    return rng.uniform(-1.0, 1.0, size=(_PERIOD, _PERIOD, 2)).astype(np.float32)


@kernel
def gradient_noise(lattice: Lattice, field: int, x: float, y: float) -> float:
    """Smooth noise of wavelength 1, mean 0, about in [-1, 1]."""
    column, row = math.floor(x), math.floor(y)
    dx, dy = x - column, y - row
    c, r = (column + 17 * field) & _WRAP, (row + 29 * field) & _WRAP
    c1, r1 = (c + 1) & _WRAP, (r + 1) & _WRAP
    u = dx * dx * dx * (dx * (dx * 6.0 - 15.0) + 10.0)
    v = dy * dy * dy * (dy * (dy * 6.0 - 15.0) + 10.0)
    top_left = lattice[r, c, 0] * dx + lattice[r, c, 1] * dy
    top_right = lattice[r, c1, 0] * (dx - 1.0) + lattice[r, c1, 1] * dy
    bottom_left = lattice[r1, c, 0] * dx + lattice[r1, c, 1] * (dy - 1.0)
    bottom_right = lattice[r1, c1, 0] * (dx - 1.0) + lattice[r1, c1, 1] * (dy - 1.0)
    top = top_left + u * (top_right - top_left)
    bottom = bottom_left + u * (bottom_right - bottom_left)
    return float(1.6 * (top + v * (bottom - top)))


@kernel
def fractal_noise(lattice: Lattice, field: int, x: float, y: float, octaves: int) -> float:
    """``octaves`` of gradient noise, each twice as fine and half as strong."""
    total, amplitude = 0.0, 1.0
    for octave in range(octaves):
        total += amplitude * gradient_noise(lattice, field + octave, x, y)
        # The turn keeps the lattices of the octaves from lining up.
        x, y = 1.6 * x + 1.2 * y, 1.6 * y - 1.2 * x
        amplitude *= 0.5
    return total


@kernel
def cells(lattice: Lattice, field: int, x: float, y: float) -> tuple[float, float, int, int]:
    """Distances to the two nearest jittered cell centres (one a unit square), and the numbers of those cells."""
    column, row = math.floor(x), math.floor(y)
    near2, next2, near, after = 99.0, 99.0, 0, 0
    for j in range(row - 1, row + 2):
        r = (j + 29 * field) & _WRAP
        for i in range(column - 1, column + 2):
            c = (i + 17 * field) & _WRAP
            dx = i + 0.5 + 0.4 * lattice[r, c, 0] - x
            dy = j + 0.5 + 0.4 * lattice[r, c, 1] - y
            distance2 = dx * dx + dy * dy
            if distance2 < near2:
                next2, after = near2, near
                near2, near = distance2, r * _PERIOD + c
            elif distance2 < next2:
                next2, after = distance2, r * _PERIOD + c
    return math.sqrt(near2), math.sqrt(next2), near, after


@kernel
def cell_value(lattice: Lattice, cell: int, field: int) -> float:
    """A number in [0, 1) that belongs to a cell."""
    row, column = cell // _PERIOD + 29 * field, cell + 17 * field
    return float(0.5 + 0.5 * lattice[row & _WRAP, column & _WRAP, field & 1])


@kernel
def smoothstep(low: float, high: float, x: float) -> float:
    """0 below ``low``, 1 above ``high``, a cubic between."""
    t = min(max((x - low) / (high - low), 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


Field = NDArray[np.float64]

WARP_X, WARP_Y, FLUSH, STAIN, WET = range(5)


@kernel
def slow_fields(lattice: Lattice, view: View, rows: int, columns: int, step: int) -> Field:
    """(R, C, 5) nodes every ``step`` pixels: two warps, hyperaemia, blood, wetness; each about in [-1, 1]."""
    unit = 1.0 / min(rows, columns)
    nodes = np.empty((rows // step + 4, columns // step + 4, 5))
    for r in range(nodes.shape[0]):
        for c in range(nodes.shape[1]):
            x, y = on_tissue(
                view, ((c - 1) * step + 0.5 - 0.5 * columns) * unit, ((r - 1) * step + 0.5 - 0.5 * rows) * unit
            )
            nodes[r, c, WARP_X] = fractal_noise(lattice, 1, 1.7 * x, 1.7 * y, 4)
            nodes[r, c, WARP_Y] = fractal_noise(lattice, 11, 1.7 * x, 1.7 * y, 4)
            nodes[r, c, FLUSH] = fractal_noise(lattice, 71, 1.3 * x, 1.3 * y, 3)
            nodes[r, c, STAIN] = fractal_noise(lattice, 81, 2.6 * x, 2.6 * y, 4)
            nodes[r, c, WET] = fractal_noise(lattice, 91, 5.0 * x, 5.0 * y, 2)
    return nodes


@kernel
def _weights(t: float) -> tuple[float, float, float, float]:
    """Weights of the four nearest nodes under a uniform cubic B-spline: bends as smoothly as wet tissue."""
    s = 1.0 - t
    return s * s * s / 6.0, 2.0 / 3.0 - t * t * (1.0 - 0.5 * t), 2.0 / 3.0 - s * s * (1.0 - 0.5 * s), t * t * t / 6.0


@kernel
def spline_row(nodes: Field, i: int, step: int, row: Field) -> None:
    """Fills ``row`` (C, 5) with the fields at pixel row ``i``, still at the nodes' columns."""
    r = i // step
    w0, w1, w2, w3 = _weights((i - r * step) / step)
    for c in range(row.shape[0]):
        for k in range(row.shape[1]):
            row[c, k] = (
                w0 * nodes[r, c, k] + w1 * nodes[r + 1, c, k] + w2 * nodes[r + 2, c, k] + w3 * nodes[r + 3, c, k]
            )


@kernel
def spline_column(row: Field, j: int, step: int, fields: Field) -> None:
    """Fills ``fields`` (5,) at pixel column ``j`` of a row made by :func:`spline_row`."""
    c = j // step
    w0, w1, w2, w3 = _weights((j - c * step) / step)
    for k in range(fields.shape[0]):
        fields[k] = w0 * row[c, k] + w1 * row[c + 1, k] + w2 * row[c + 2, k] + w3 * row[c + 3, k]
