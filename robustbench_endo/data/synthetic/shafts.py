"""Painters of the straight parts: shaft, wrist and suction tube."""

from __future__ import annotations

import math

from robustbench_endo.data.synthetic import labels
from robustbench_endo.data.synthetic.canvas import Field, Mask, coverage, dab, window
from robustbench_endo.data.synthetic.instrument import Rod
from robustbench_endo.data.synthetic.kernel import kernel
from robustbench_endo.data.synthetic.lattice import Lattice, cell_value, gradient_noise
from robustbench_endo.data.synthetic.metal import metal, sheen
from robustbench_endo.data.synthetic.patient import Light, Make

_TISSUE_RED = (0.80, 0.36, 0.30)
_STEEL = (0.62, 0.61, 0.62)


@kernel
def paint_shaft(rgb: Field, mask: Mask, lattice: Lattice, light: Light, rod: Rod, make: Make) -> None:
    """A tapering cylinder with a steel collar at its end and, where the make has one, a printed label."""
    rows, columns = mask.shape
    unit = 1.0 / min(rows, columns)
    for i in range(rows):
        y = (i + 0.5 - 0.5 * rows) * unit
        for j in range(columns):
            x = (j + 0.5 - 0.5 * columns) * unit
            a = (x - rod.x) * rod.ux + (y - rod.y) * rod.uy
            b = (y - rod.y) * rod.ux - (x - rod.x) * rod.uy
            radius = rod.radius + rod.growth * max(a, 0.0)
            t = b / radius
            # The near end is the front rim of a cylinder: it bulges by a flat ellipse.
            rim = -0.3 * radius * math.sqrt(max(1.0 - t * t, 0.0))
            alpha = coverage(max(abs(b) - radius, rim - a), unit)
            if alpha == 0.0:
                continue
            t = min(max(t, -0.999), 0.999)
            lit = sheen(light, x, y, -rod.uy, rod.ux, t)
            red, green, blue = make.colour
            gloss = make.gloss
            along = a / rod.radius
            if along < 0.55 or 0.8 < along < 0.95:
                red, green, blue, gloss = 0.55, 0.54, 0.55, 0.95
            if 0.55 <= along < 0.68 or along < 0.0:
                red, green, blue, gloss = 0.06, 0.06, 0.06, 0.3
            if make.label and _printed(lattice, along, t):
                ink = 0.85 if red < 0.4 else 0.08
                red, green, blue = ink, ink, ink
            wear = (
                1.0
                + 0.10 * gradient_noise(lattice, 13, 2.0 * along, 7.0 * t)
                + 0.06 * gradient_noise(lattice, 14, 0.6 * along, 30.0 * t)
            )
            dab(
                rgb, mask, i, j, alpha,
                metal(red * wear, gloss, _TISSUE_RED[0], lit),
                metal(green * wear, gloss, _TISSUE_RED[1], lit),
                metal(blue * wear, gloss, _TISSUE_RED[2], lit),
                labels.SHAFT,
            )  # fmt: skip


@kernel
def _printed(lattice: Lattice, along: float, t: float) -> bool:
    """Whether (along, across), in radii, carries ink: a row of block letters on a 3 x 5 raster."""
    column, row = int((along - 2.0) / 0.13), int((t + 0.40) / 0.16)
    if along < 2.0 or t < -0.40 or column >= 32 or row >= 5 or column % 4 == 3:
        return False
    return column % 4 == 0 or cell_value(lattice, column + 64 * row, 6) > 0.45


@kernel
def paint_wrist(rgb: Field, mask: Mask, light: Light, rod: Rod) -> None:
    """A steel clevis from the hinge to the shaft: rounded cheeks, a joint, the pin of the hinge."""
    rows, columns = mask.shape
    unit = 1.0 / min(rows, columns)
    top, bottom, left, right = window(rod.x, rod.y, rod.length + 2.0 * rod.radius, rows, columns)
    for i in range(top, bottom):
        y = (i + 0.5 - 0.5 * rows) * unit
        for j in range(left, right):
            x = (j + 0.5 - 0.5 * columns) * unit
            a = (x - rod.x) * rod.ux + (y - rod.y) * rod.uy
            b = (y - rod.y) * rod.ux - (x - rod.x) * rod.uy
            ahead = min(a, 0.0)
            outline = math.sqrt(ahead * ahead + b * b) - rod.radius * (1.0 + 0.25 * max(a, 0.0) / rod.length)
            alpha = coverage(max(outline, a - 1.15 * rod.length), unit)
            if alpha == 0.0:
                continue
            t = min(max(b / (1.25 * rod.radius), -0.98), 0.98)
            # Flat cheeks with rounded edges mirror the light more evenly than a cylinder would.
            lean = 0.35 * t + 0.6 * t * t * t
            pin = math.sqrt(a * a + b * b) / rod.radius
            base, gloss = 0.38, 1.0
            if pin < 0.34:
                lean, base = 1.6 * b / rod.radius, 0.60
            elif pin < 0.44 or 0.52 < a / rod.length < 0.60 or a / rod.length > 0.95:
                base, gloss = 0.20, 0.5
            lit = sheen(light, x, y, -rod.uy, rod.ux, lean)
            shade = metal(base, gloss, 0.36, lit)
            dab(rgb, mask, i, j, alpha, metal(base, gloss, 0.8, lit), shade, shade, labels.WRIST)


@kernel
def paint_tube(rgb: Field, mask: Mask, lattice: Lattice, light: Light, rod: Rod) -> None:
    """The steel tube of a suction: round end, side holes."""
    rows, columns = mask.shape
    unit = 1.0 / min(rows, columns)
    top, bottom, left, right = window(rod.x, rod.y, rod.length + 2.0 * rod.radius, rows, columns)
    for i in range(top, bottom):
        y = (i + 0.5 - 0.5 * rows) * unit
        for j in range(left, right):
            x = (j + 0.5 - 0.5 * columns) * unit
            a = (x - rod.x) * rod.ux + (y - rod.y) * rod.uy
            b = (y - rod.y) * rod.ux - (x - rod.x) * rod.uy
            ahead = min(a - rod.radius, 0.0)
            outline = math.sqrt(ahead * ahead + b * b) - rod.radius
            alpha = coverage(max(outline, a - rod.length), unit)
            if alpha == 0.0:
                continue
            t = min(max(b / rod.radius, -0.98), 0.98)
            lit = sheen(light, x, y, -rod.uy, rod.ux, t)
            base, gloss = 0.50, 1.0
            station = a / rod.radius
            hole = station - 2.0 * math.floor(station / 2.0) - 1.0
            if 1.0 < station < 7.0 and hole * hole / 0.20 + (t - 0.15) * (t - 0.15) / 0.12 < 1.0:
                base, gloss = 0.06, 0.1
            if station < 0.5:
                base = 0.20
            wear = 1.0 + 0.12 * gradient_noise(lattice, 15, 1.2 * station, 6.0 * t)
            cold = metal(base * wear, gloss, 0.36, lit)
            dab(rgb, mask, i, j, alpha, metal(base * wear, gloss, 0.8, lit), cold, cold, labels.SUCTION)
