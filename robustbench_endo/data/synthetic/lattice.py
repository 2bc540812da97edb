"""Noise on an integer lattice: gradient noise (Perlin 1985) and cells (Worley 1996).

A lattice is a float32 array (64, 64, 2) of random numbers in [-1, 1) that repeats in both directions; ``field`` numbers
shift it, so that one lattice serves many fields. Only ``+ - * / floor sqrt`` are used, which IEEE 754 rounds the same
everywhere: the pictures are the same on every machine.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.data.synthetic.kernel import kernel

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
