"""Light on tissue: ring light near the lens, Lambertian with reddened shade, Blinn-Phong (1977) highlights, shadows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.ndimage import uniform_filter

from robustbench_endo.data.synthetic.instrument import Instrument
from robustbench_endo.data.synthetic.patient import Light
from robustbench_endo.data.synthetic.raster import Field, pixel_centre, strict_njit

_LENS_DISTANCE = 1.15


@strict_njit
def illumination(light: Light, x: float, y: float) -> float:
    """Intensity of the light at (x, y) at the height of the instruments; ``exposure`` at the centre of the beam."""
    dx, dy = x - light.x, y - light.y
    return light.exposure / (1.0 + light.falloff * (dx * dx + dy * dy))


@strict_njit
def _shade(
    light: Light,
    tilt: float,
    height: Field,
    hollow: Field,
    albedo: Field,
    gloss: Field,
    crease: Field,
    shadow: Field,
    out: Field,
) -> None:
    rows, columns = height.shape
    unit = 1.0 / min(rows, columns)
    for i in range(rows):
        for j in range(columns):
            x, y = pixel_centre(j, columns, unit), pixel_centre(i, rows, unit)
            left, right = max(j - 1, 0), min(j + 1, columns - 1)
            up, down = max(i - 1, 0), min(i + 1, rows - 1)
            nx = -(height[i, right] - height[i, left]) / ((right - left) * unit)
            ny = -(height[down, j] - height[up, j]) / ((down - up) * unit)
            norm = 1.0 / math.sqrt(nx * nx + ny * ny + 1.0)
            lx, ly = light.x - x, light.y - y
            ln = 1.0 / math.sqrt(lx * lx + ly * ly + _LENS_DISTANCE * _LENS_DISTANCE)
            vn = 1.0 / math.sqrt(x * x + y * y + _LENS_DISTANCE * _LENS_DISTANCE)
            diffuse = max((nx * lx + ny * ly + _LENS_DISTANCE) * ln * norm, 0.0)
            hx, hy, hz = lx * ln - x * vn, ly * ln - y * vn, _LENS_DISTANCE * (ln + vn)
            facing = (nx * hx + ny * hy + hz) * norm / math.sqrt(hx * hx + hy * hy + hz * hz)
            lobe = facing * facing
            lobe *= lobe
            lobe *= lobe
            broad = lobe * lobe
            sharp = broad * broad
            sharp *= sharp
            sharp *= sharp
            ambient = min(max(1.0 + 7.0 * hollow[i, j], 0.45), 1.15) * (1.0 - 0.60 * crease[i, j])
            # The far end of the tilted field receives less light.
            reach = 1.0 + 0.55 * tilt * y
            lit = (
                illumination(light, x, y)
                * reach
                * reach
                * ambient
                * (0.25 + 0.75 * diffuse * diffuse)
                * (1.0 - 0.72 * shadow[i, j])
            )
            # Weak light has passed through tissue, which transmits mostly red.
            depth = 0.62 + 0.38 * min(lit, 1.0)
            specular = gloss[i, j] * (1.0 - 0.9 * shadow[i, j]) * (1.0 - crease[i, j])
            shine = illumination(light, x, y) * specular * (0.05 * broad + 1.1 * sharp)
            out[i, j, 0] = albedo[i, j, 0] * lit + shine
            out[i, j, 1] = albedo[i, j, 1] * lit * depth + shine
            out[i, j, 2] = albedo[i, j, 2] * lit * depth + shine


def light_tissue(
    light: Light, tilt: float, height: Field, albedo: Field, gloss: Field, crease: Field, shadow: Field
) -> Field:
    """Lit tissue, RGB float64 (H, W, 3).

    Args:
        light: the light source.
        tilt: of the tissue away from the lens.
        height: relief (H, W).
        albedo: RGB (H, W, 3).
        gloss: strength of the highlights (H, W).
        crease: depth in a crease (H, W), 0 to 1.
        shadow: share of the light that instruments block (H, W), 0 to 1.
    """
    reach = max(3, round(0.12 * min(height.shape)))
    hollow = height - uniform_filter(height, size=reach, mode="nearest")
    out = np.empty_like(albedo)
    _shade(light, tilt, height, hollow, albedo, gloss, crease, shadow, out)
    return out


_FAR = 1.6

_FAR_HEIGHT = 1.2  # how many times higher above the tissue the shaft is at _FAR than the hinge


def cast_shadows(tools: Sequence[Instrument], light: Light, shape: tuple[int, int]) -> Field:
    """Share (H, W) of the light on the tissue that the instruments block, 0 to 1."""
    shadow = np.zeros(shape)
    for tool in tools:
        _cast(shadow, _capsules(tool, light))
    return shadow


def _capsules(tool: Instrument, light: Light) -> Field:
    """Shadows as rows (x0, y0, x1, y1, radius, softness): jaws or tube, wrist, shaft, shifted away from the light."""
    away = -np.array((light.x + 0.02, light.y - 0.10))
    tip, hinge, shaft = tool.working_point, tool.hinge, tool.shaft
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


@strict_njit
def _cast(shadow: Field, capsules: Field) -> None:
    rows, columns = shadow.shape
    unit = 1.0 / min(rows, columns)
    for k in range(len(capsules)):
        ax, ay, bx, by, radius, softness = capsules[k]
        ex, ey = bx - ax, by - ay
        length2 = ex * ex + ey * ey + 1e-9
        for i in range(rows):
            py = pixel_centre(i, rows, unit) - ay
            for j in range(columns):
                px = pixel_centre(j, columns, unit) - ax
                t = min(max((px * ex + py * ey) / length2, 0.0), 1.0)
                dx, dy = px - t * ex, py - t * ey
                inside = radius + softness - math.sqrt(dx * dx + dy * dy)
                if inside > 0.0:
                    dark = min(inside / (2.0 * softness), 1.0)
                    shadow[i, j] = max(shadow[i, j], dark * dark * (3.0 - 2.0 * dark))
