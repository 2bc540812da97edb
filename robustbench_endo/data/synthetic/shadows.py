"""Soft shadows of the instruments on the tissue: the scope's light sits beside the lens, so they fall to one side."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from robustbench_endo.data.synthetic.canvas import Field
from robustbench_endo.data.synthetic.instrument import Instrument
from robustbench_endo.data.synthetic.kernel import kernel
from robustbench_endo.data.synthetic.patient import Light

_FAR = 1.6
_FAR_HEIGHT = 1.2  # how many times higher above the tissue the shaft is at _FAR than the hinge


def cast_shadows(tools: Sequence[Instrument], light: Light, shape: tuple[int, int]) -> Field:
    """Share (H, W) of the light that the instruments take from the tissue, 0 to 1."""
    shadow = np.zeros(shape)
    for tool in tools:
        _cast(shadow, _capsules(tool, light))
    return shadow


def _capsules(tool: Instrument, light: Light) -> Field:
    """Rows (x0, y0, x1, y1, radius, softness): jaws or tube, wrist, shaft, each moved away from the light."""
    away = -np.array((light.x + 0.02, light.y - 0.10))
    tip, hinge, shaft = tool.bite, tool.hinge, tool.shaft
    start = np.array((shaft.x, shaft.y))
    end = start + _FAR * np.array((shaft.ux, shaft.uy))
    low, middle, high, top = tip + 0.05 * away, hinge + 0.15 * away, start + 0.25 * away, end + _FAR_HEIGHT * away
    return np.array(
        [
            [*low, *middle, 0.020 * tool.scale, 0.02],
            [*middle, *high, 0.036 * tool.scale, 0.03],
            [*high, *top, shaft.radius + 0.3 * shaft.growth, 0.05],
        ]
    )


@kernel
def _cast(shadow: Field, capsules: Field) -> None:
    rows, columns = shadow.shape
    unit = 1.0 / min(rows, columns)
    for k in range(len(capsules)):
        ax, ay, bx, by, radius, softness = capsules[k]
        ex, ey = bx - ax, by - ay
        length2 = ex * ex + ey * ey + 1e-9
        for i in range(rows):
            py = (i + 0.5 - 0.5 * rows) * unit - ay
            for j in range(columns):
                px = (j + 0.5 - 0.5 * columns) * unit - ax
                t = min(max((px * ex + py * ey) / length2, 0.0), 1.0)
                dx, dy = px - t * ex, py - t * ey
                inside = radius + softness - math.sqrt(dx * dx + dy * dy)
                if inside > 0.0:
                    dark = min(inside / (2.0 * softness), 1.0)
                    shadow[i, j] = max(shadow[i, j], dark * dark * (3.0 - 2.0 * dark))
