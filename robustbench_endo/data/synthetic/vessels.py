"""Superficial vessels (random branching trees of thin red lines) and the duct that instruments work on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from robustbench_endo.data.synthetic.low_frequency_noise import NoiseTable, fractal_noise, smoothstep
from robustbench_endo.data.synthetic.randomness import uniform
from robustbench_endo.data.synthetic.raster import Field, pixel_centre, segment_window, strict_njit

_STEPS = 14

_STEP = 0.024

_GENERATIONS = 4


def sample_vessels(rng: np.random.Generator, trees: int) -> Field:
    """Segments (N, 6) of random vessel trees: x0, y0, x1, y1, radius, strength; lengths in units of the short side."""
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
        # Every vessel has one branch along its way and one at its end.
        knots = np.stack((rng.integers(3, _STEPS - 2, size=count), np.full(count, _STEPS)), axis=1)
        starts = np.take_along_axis(points, knots[:, :, None], axis=1).reshape(-1, 2)
        sides = rng.choice((-1.0, 1.0), size=(count, 2)) * rng.uniform(0.3, 0.9, size=(count, 2))
        headings = (np.take_along_axis(turns, knots - 1, axis=1) + sides).ravel()
        radii = 0.64 * np.repeat(radii, 2)
    return np.concatenate(segments)


@strict_njit
def _trace(segments: Field, veins: Field) -> None:
    rows, columns = veins.shape
    unit = 1.0 / min(rows, columns)
    for k in range(len(segments)):
        ax, ay, bx, by, radius, strength = segments[k]
        reach = radius + unit
        top, bottom, left, right = segment_window(ax, ay, bx, by, reach, rows, columns)
        ex, ey = bx - ax, by - ay
        length2 = ex * ex + ey * ey
        # A vessel thinner than a pixel is rendered at that width, but paler.
        wide = max(radius, 0.5 * unit)
        strength *= radius / wide
        for i in range(top, bottom):
            for j in range(left, right):
                px, py = pixel_centre(j, columns, unit) - ax, pixel_centre(i, rows, unit) - ay
                t = min(max((px * ex + py * ey) / length2, 0.0), 1.0)
                dx, dy = px - t * ex, py - t * ey
                alpha = strength * min(max(0.5 + (wide - np.sqrt(dx * dx + dy * dy)) / unit, 0.0), 1.0)
                veins[i, j] = max(veins[i, j], alpha)


@strict_njit
def paint_vessels(segments: Field, albedo: Field) -> None:
    """Darken ``albedo`` (H, W, 3) at each vessel, green and blue most."""
    rows, columns, _ = albedo.shape
    veins = np.zeros((rows, columns))
    _trace(segments, veins)
    for i in range(rows):
        for j in range(columns):
            if veins[i, j] > 0.0:
                albedo[i, j, 0] *= 1.0 - 0.30 * veins[i, j]
                albedo[i, j, 1] *= 1.0 - 0.72 * veins[i, j]
                albedo[i, j, 2] *= 1.0 - 0.66 * veins[i, j]


_STATIONS = np.linspace(-1.3, 1.3, 53)


@dataclass(frozen=True, eq=False)
class Duct:
    """A tube along a polyline; lengths in units of the image's short side, origin at the frame's centre.

    Attributes:
        points: (N, 2) centreline.
        radii: (N,) radius along it.
        colour: RGB.
    """

    points: Field
    radii: Field
    colour: tuple[float, float, float]

    def at(self, station: float) -> Field:
        """The point (2,) at ``station`` in [-1.3, 1.3]; 0 is near the frame's centre."""
        x, y = (float(np.interp(station, _STATIONS, self.points[:, k])) for k in range(2))
        return np.array((x, y))

    def normal(self, station: float) -> Field:
        """Unit vector (2,) across the duct."""
        dx, dy = self.at(station + 0.03) - self.at(station - 0.03)
        return np.array((-dy, dx)) / float(np.hypot(dx, dy))

    def pulled(self, station: float, pull: Field) -> Duct:
        """The duct displaced by ``pull`` (2,) and pinched at ``station``, where a grasper grips it."""
        near = 1.0 / (1.0 + ((_STATIONS - station) / 0.13) ** 2)
        pinched = self.radii * (1.0 - 0.35 * near**3)
        return Duct(self.points + near[:, None] * pull, pinched, self.colour)

    def distance(self, points: Field) -> float:
        """Smallest distance from any of ``points`` (M, 2) to the centreline."""
        offsets = points[:, None] - self.points[None]
        return float(np.sqrt((offsets**2).sum(-1).min()))


def sample_duct(rng: np.random.Generator, colour: tuple[float, float, float], radius: float) -> Duct:
    """A random, gently winding duct through the middle of the field."""
    angle, phase, ripple = rng.uniform(0.0, 2.0 * np.pi, size=3)
    along = np.array((np.cos(angle), np.sin(angle)))
    across = np.array((-along[1], along[0]))
    bend = uniform(rng, 0.03, 0.12) * np.sin(2.1 * _STATIONS + phase) + 0.025 * np.sin(5.0 * _STATIONS + ripple)
    centre = rng.uniform(-0.10, 0.10, size=2)
    points = centre + _STATIONS[:, None] * along + bend[:, None] * across
    swelling = 1.0 + 0.12 * np.sin(3.0 * _STATIONS + ripple)
    return Duct(points, radius * uniform(rng, 0.85, 1.15) * swelling, colour)


@strict_njit
def trace_duct(points: Field, radii: Field, depth: Field, along: Field) -> None:
    """Fill, near the duct, its signed depth (H, W; > 0 inside, in units of the short side) and the position in it."""
    rows, columns = depth.shape
    unit = 1.0 / min(rows, columns)
    for k in range(len(points) - 1):
        ax, ay, bx, by = points[k, 0], points[k, 1], points[k + 1, 0], points[k + 1, 1]
        reach = 1.3 * max(radii[k], radii[k + 1]) + 2.0 * unit
        top, bottom, left, right = segment_window(ax, ay, bx, by, reach, rows, columns)
        ex, ey = bx - ax, by - ay
        length2 = ex * ex + ey * ey
        for i in range(top, bottom):
            for j in range(left, right):
                px, py = pixel_centre(j, columns, unit) - ax, pixel_centre(i, rows, unit) - ay
                t = min(max((px * ex + py * ey) / length2, 0.0), 1.0)
                dx, dy = px - t * ex, py - t * ey
                inside = radii[k] + t * (radii[k + 1] - radii[k]) - np.sqrt(dx * dx + dy * dy)
                if inside > depth[i, j]:
                    depth[i, j] = inside
                    along[i, j] = k + t


@strict_njit
def embed_duct(
    noise: NoiseTable,
    colour: tuple[float, float, float],
    radii: Field,
    depth: Field,
    along: Field,
    height: Field,
    albedo: Field,
    gloss: Field,
    crease: Field,
) -> None:
    """Embed the traced duct in the fields of the tissue, in place."""
    rows, columns = depth.shape
    unit = 1.0 / min(rows, columns)
    for i in range(rows):
        for j in range(columns):
            if depth[i, j] < -1.0:
                continue
            knot = min(int(along[i, j]), len(radii) - 2)
            radius = radii[knot] + (along[i, j] - knot) * (radii[knot + 1] - radii[knot])
            x, y = pixel_centre(j, columns, unit), pixel_centre(i, rows, unit)
            inside = depth[i, j]
            alpha = min(max(inside / unit + 0.5, 0.0), 1.0)
            # A dark groove runs along both sides of the duct.
            groove = smoothstep(-0.55 * radius, 0.0, inside)
            if alpha == 0.0:
                crease[i, j] = max(crease[i, j], 0.5 * groove)
                continue
            t = 1.0 - min(max(inside, 0.0) / radius, 1.0)
            streak = fractal_noise(noise, 5, 0.5 * along[i, j], 2.0 * t, 3)
            mottle = fractal_noise(noise, 9, 16.0 * x, 16.0 * y, 2)
            tone = 1.0 + 0.08 * mottle
            vein = smoothstep(0.25, 0.6, streak)
            height[i, j] = 0.12 + 0.75 * radius * (1.0 - t * t) + 0.002 * mottle
            albedo[i, j, 0] += alpha * (colour[0] * tone - albedo[i, j, 0])
            albedo[i, j, 1] += alpha * (colour[1] * tone * (1.0 - 0.20 * vein) - albedo[i, j, 1])
            albedo[i, j, 2] += alpha * (colour[2] * tone * (1.0 - 0.16 * vein) - albedo[i, j, 2])
            gloss[i, j] += alpha * (1.0 - gloss[i, j])
            crease[i, j] *= 1.0 - alpha
