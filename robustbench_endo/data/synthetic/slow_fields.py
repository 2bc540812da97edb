"""The smooth fields of the tissue, on a grid of 64 nodes a short side: every pixel would cost four times the frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.data.synthetic.kernel import kernel
from robustbench_endo.data.synthetic.lattice import Lattice, fractal_noise
from robustbench_endo.data.synthetic.view import View, on_tissue

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
