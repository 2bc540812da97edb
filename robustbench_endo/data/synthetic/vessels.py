"""Superficial vessels: branching trees of thin red lines, grown at random and drawn over the tissue's colour."""

from __future__ import annotations

import numpy as np

from robustbench_endo.data.synthetic.canvas import Field
from robustbench_endo.data.synthetic.kernel import kernel

_STEPS = 14
_STEP = 0.024
_GENERATIONS = 4


def draw_vessels(rng: np.random.Generator, trees: int) -> Field:
    """Segments (N, 6): x0, y0, x1, y1, radius, strength of ``trees`` vessel trees; lengths in units."""
    starts = rng.uniform(-0.75, 0.75, size=(trees, 2))
    headings = rng.uniform(0.0, 2.0 * np.pi, size=trees)
    radii = rng.uniform(0.0022, 0.0060, size=trees)
    segments = []
    for generation in range(_GENERATIONS):
        count = len(starts)
        turns = headings[:, None] + np.cumsum(rng.normal(0.0, 0.26, size=(count, _STEPS)), axis=1)
        moves = _STEP * 0.85**generation * np.stack((np.cos(turns), np.sin(turns)), axis=2)
        points = np.concatenate((starts[:, None], starts[:, None] + np.cumsum(moves, axis=1)), axis=1)
        widths = radii[:, None] * np.linspace(1.0, 0.65, _STEPS)
        strengths = np.full_like(widths, 0.75 * 0.85**generation)
        rest = np.stack((widths, strengths), axis=2)
        segments.append(np.concatenate((points[:, :-1], points[:, 1:], rest), axis=2).reshape(-1, 6))
        # Every vessel sends one branch out on its way and forks at its end.
        knots = np.stack((rng.integers(3, _STEPS - 2, size=count), np.full(count, _STEPS)), axis=1)
        starts = np.take_along_axis(points, knots[:, :, None], axis=1).reshape(-1, 2)
        sides = rng.choice((-1.0, 1.0), size=(count, 2)) * rng.uniform(0.3, 0.9, size=(count, 2))
        headings = (np.take_along_axis(turns, knots - 1, axis=1) + sides).ravel()
        radii = 0.64 * np.repeat(radii, 2)
    return np.concatenate(segments)


@kernel
def _trace(segments: Field, veins: Field) -> None:
    rows, columns = veins.shape
    unit = 1.0 / min(rows, columns)
    for k in range(len(segments)):
        ax, ay, bx, by, radius, strength = segments[k]
        reach = radius + unit
        left = max(int((min(ax, bx) - reach) / unit + 0.5 * columns), 0)
        right = min(int((max(ax, bx) + reach) / unit + 0.5 * columns) + 1, columns)
        top = max(int((min(ay, by) - reach) / unit + 0.5 * rows), 0)
        bottom = min(int((max(ay, by) + reach) / unit + 0.5 * rows) + 1, rows)
        ex, ey = bx - ax, by - ay
        length2 = ex * ex + ey * ey
        # A vessel thinner than a pixel keeps that width and pales instead.
        wide = max(radius, 0.5 * unit)
        strength *= radius / wide
        for i in range(top, bottom):
            for j in range(left, right):
                px, py = (j + 0.5 - 0.5 * columns) * unit - ax, (i + 0.5 - 0.5 * rows) * unit - ay
                t = min(max((px * ex + py * ey) / length2, 0.0), 1.0)
                dx, dy = px - t * ex, py - t * ey
                alpha = strength * min(max(0.5 + (wide - np.sqrt(dx * dx + dy * dy)) / unit, 0.0), 1.0)
                veins[i, j] = max(veins[i, j], alpha)


@kernel
def paint_vessels(segments: Field, albedo: Field) -> None:
    """Takes light, green and blue most of all, out of ``albedo`` (H, W, 3) under each vessel."""
    rows, columns, _ = albedo.shape
    veins = np.zeros((rows, columns))
    _trace(segments, veins)
    for i in range(rows):
        for j in range(columns):
            if veins[i, j] > 0.0:
                albedo[i, j, 0] *= 1.0 - 0.30 * veins[i, j]
                albedo[i, j, 1] *= 1.0 - 0.72 * veins[i, j]
                albedo[i, j, 2] *= 1.0 - 0.66 * veins[i, j]
