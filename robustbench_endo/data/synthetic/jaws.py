"""Painters of the working ends: the serrated jaws of a grasper, the blades of scissors."""

from __future__ import annotations

import math

from robustbench_endo.data.synthetic import labels
from robustbench_endo.data.synthetic.canvas import Field, Mask, coverage, dab, window
from robustbench_endo.data.synthetic.instrument import Jaw
from robustbench_endo.data.synthetic.kernel import kernel
from robustbench_endo.data.synthetic.metal import metal, sheen
from robustbench_endo.data.synthetic.patient import Light

_TEETH = 11.0


@kernel
def _profile(jaw: Jaw, a: float) -> tuple[float, float]:
    """Inner and outer edge of the jaw at ``a`` (0 at the hinge, 1 at the tip), in units."""
    if jaw.label == labels.GRASPER:
        tooth = abs(a * _TEETH - math.floor(a * _TEETH) - 0.5)
        inner = 0.22 * jaw.width * tooth if 0.25 < a < 0.95 else 0.0
        a4 = a * a * a * a
        return inner, jaw.width * (1.0 - 0.38 * a) * math.sqrt(max(1.0 - a4 * a4, 0.0))
    sweep = 0.55 * jaw.width * a * a
    return sweep, sweep + jaw.width * (1.0 - 0.25 * a) * math.sqrt(max(1.0 - a * a * a, 0.0))


@kernel
def paint_jaw(rgb: Field, mask: Mask, light: Light, jaw: Jaw, cover: Field) -> None:
    """One jaw; ``cover`` (H, W) is the share of each pixel that tissue before the jaw hides."""
    rows, columns = mask.shape
    unit = 1.0 / min(rows, columns)
    top, bottom, left, right = window(jaw.x, jaw.y, jaw.length + jaw.width, rows, columns)
    for i in range(top, bottom):
        y = (i + 0.5 - 0.5 * rows) * unit
        for j in range(left, right):
            x = (j + 0.5 - 0.5 * columns) * unit
            a = ((x - jaw.x) * jaw.ux + (y - jaw.y) * jaw.uy) / jaw.length
            b = ((y - jaw.y) * jaw.ux - (x - jaw.x) * jaw.uy) * jaw.side
            if a < -0.2 or a > 1.0 + unit / jaw.length or abs(b) > 2.0 * jaw.width:
                continue
            inner, outer = _profile(jaw, min(max(a, 0.0), 1.0))
            outline = max(max(inner - b, b - outer), (a - 1.0) * jaw.length)
            alpha = coverage(max(outline, -(a + 0.1) * jaw.length), unit) * (1.0 - cover[i, j])
            if alpha == 0.0:
                continue
            span = max(outer - inner, 1e-6)
            t = min(max((b - inner) / span, 0.0), 1.0)
            base, gloss, lean = 0.55, 0.95, 0.0
            if jaw.label == labels.GRASPER:
                lean = 1.5 * (t - 0.45)
                window_a, window_t = (a - 0.60) / 0.20, (t - 0.55) / 0.20
                if window_a * window_a + window_t * window_t < 1.0:
                    base, gloss = 0.12, 0.2
                elif t < 0.18:
                    base = 0.30
            else:
                # A hollow-ground blade: dark flat, bright bevel along the cutting edge.
                lean = 0.9 * (t - 0.7) if t > 0.30 else -0.35
                base = 0.36 if t > 0.30 else 0.80
            lean = min(max(lean, -0.95), 0.95) * jaw.side
            lit = sheen(light, x, y, -jaw.uy, jaw.ux, lean)
            cold = metal(base, gloss, 0.36, lit)
            dab(rgb, mask, i, j, alpha, metal(base, gloss, 0.8, lit), cold, cold, jaw.label)
