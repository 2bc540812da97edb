"""Rendering of instrument parts: shaft, wrist, suction tube and jaws."""

from __future__ import annotations

import math

from robustbench_endo.data.synthetic import labels
from robustbench_endo.data.synthetic.instrument import Jaw, Rod
from robustbench_endo.data.synthetic.lighting import illumination
from robustbench_endo.data.synthetic.low_frequency_noise import NoiseTable, cell_random, perlin_noise
from robustbench_endo.data.synthetic.patient import InstrumentStyle, Light
from robustbench_endo.data.synthetic.raster import (
    Field,
    Mask,
    blend_pixel,
    coverage,
    pixel_centre,
    pixel_window,
    strict_njit,
)

_LIGHT_HEIGHT = 0.75

_TISSUE_RED = (0.80, 0.36, 0.30)


@strict_njit
def _rod_coordinates(rod: Rod, x: float, y: float) -> tuple[float, float]:
    """Coordinates of the point (x, y) along and across a straight part, from the centre of its start."""
    along = (x - rod.x) * rod.ux + (y - rod.y) * rod.uy
    across = (y - rod.y) * rod.ux - (x - rod.x) * rod.uy
    return along, across


@strict_njit
def metal_lighting(light: Light, x: float, y: float, px: float, py: float, lean: float) -> tuple[float, float, float]:
    """Diffuse light, specular light and rim light (0 to about 1) on a metal part at (x, y).

    Turned metal reflects the light as a band along its axis, so the specular light depends only on the direction of the
    light across the axis.

    Args:
        light: the light source.
        x, y: the point.
        px, py: unit direction across the part.
        lean: component of the surface normal in that direction, -1 to 1.
    """
    nz = math.sqrt(1.0 - lean * lean)
    across = (light.x - x) * px + (light.y - y) * py
    along = (light.y - y) * px - (light.x - x) * py
    wide = math.sqrt(across * across + _LIGHT_HEIGHT * _LIGHT_HEIGHT)
    facing = max(lean * across + nz * _LIGHT_HEIGHT, 0.0) / wide
    specular = max(2.0 * nz * facing - _LIGHT_HEIGHT / wide, 0.0)
    tight = specular * specular
    tight *= tight
    tight *= tight
    tight *= tight
    power = illumination(light, x, y)
    diffuse = facing * wide / math.sqrt(wide * wide + along * along)
    return diffuse * power, (0.22 * specular * specular + 0.78 * tight) * power, (1.0 - nz) * (1.0 - nz) * power


@strict_njit
def shade_metal(base: float, gloss: float, tint: float, light: tuple[float, float, float]) -> float:
    """One colour channel of lit metal.

    Args:
        base: albedo.
        gloss: strength of the reflections.
        tint: albedo of the surrounding tissue, which is reflected at the rim.
        light: from :func:`metal_lighting`.
    """
    diffuse, specular, rim = light
    return base * (0.22 + 0.78 * diffuse) + gloss * (0.75 * specular + 0.32 * tint * rim)


@strict_njit
def paint_shaft(rgb: Field, mask: Mask, noise: NoiseTable, light: Light, rod: Rod, style: InstrumentStyle) -> None:
    """A tapering cylinder with a steel collar at its end and, where the style has one, a printed label."""
    rows, columns = mask.shape
    unit = 1.0 / min(rows, columns)
    for i in range(rows):
        y = pixel_centre(i, rows, unit)
        for j in range(columns):
            x = pixel_centre(j, columns, unit)
            a, b = _rod_coordinates(rod, x, y)
            radius = rod.radius + rod.growth * max(a, 0.0)
            t = b / radius
            # The near end is the front rim of a cylinder: it bulges by a flat ellipse.
            rim = -0.3 * radius * math.sqrt(max(1.0 - t * t, 0.0))
            alpha = coverage(max(abs(b) - radius, rim - a), unit)
            if alpha == 0.0:
                continue
            t = min(max(t, -0.999), 0.999)
            lit = metal_lighting(light, x, y, -rod.uy, rod.ux, t)
            red, green, blue = style.colour
            gloss = style.gloss
            along = a / rod.radius
            if along < 0.55 or 0.8 < along < 0.95:
                red, green, blue, gloss = 0.55, 0.54, 0.55, 0.95
            if 0.55 <= along < 0.68 or along < 0.0:
                red, green, blue, gloss = 0.06, 0.06, 0.06, 0.3
            if style.label and _printed(noise, along, t):
                ink = 0.85 if red < 0.4 else 0.08
                red, green, blue = ink, ink, ink
            wear = (
                1.0
                + 0.10 * perlin_noise(noise, 13, 2.0 * along, 7.0 * t)
                + 0.06 * perlin_noise(noise, 14, 0.6 * along, 30.0 * t)
            )
            blend_pixel(
                rgb, mask, i, j, alpha,
                shade_metal(red * wear, gloss, _TISSUE_RED[0], lit),
                shade_metal(green * wear, gloss, _TISSUE_RED[1], lit),
                shade_metal(blue * wear, gloss, _TISSUE_RED[2], lit),
                labels.SHAFT,
            )  # fmt: skip


@strict_njit
def _printed(noise: NoiseTable, along: float, t: float) -> bool:
    """Whether there is ink at (along, across), in radii: a row of block letters on a 3 x 5 raster."""
    column, row = int((along - 2.0) / 0.13), int((t + 0.40) / 0.16)
    if along < 2.0 or t < -0.40 or column >= 32 or row >= 5 or column % 4 == 3:
        return False
    return column % 4 == 0 or cell_random(noise, column + 64 * row, 6) > 0.45


@strict_njit
def paint_wrist(rgb: Field, mask: Mask, light: Light, rod: Rod) -> None:
    """A steel clevis from the hinge to the shaft: rounded cheeks, a joint, the pin of the hinge."""
    rows, columns = mask.shape
    unit = 1.0 / min(rows, columns)
    top, bottom, left, right = pixel_window(rod.x, rod.y, rod.length + 2.0 * rod.radius, rows, columns)
    for i in range(top, bottom):
        y = pixel_centre(i, rows, unit)
        for j in range(left, right):
            x = pixel_centre(j, columns, unit)
            a, b = _rod_coordinates(rod, x, y)
            overhang = min(a, 0.0)
            outline = math.sqrt(overhang * overhang + b * b) - rod.radius * (1.0 + 0.25 * max(a, 0.0) / rod.length)
            alpha = coverage(max(outline, a - 1.15 * rod.length), unit)
            if alpha == 0.0:
                continue
            t = min(max(b / (1.25 * rod.radius), -0.98), 0.98)
            # Flat cheeks with rounded edges reflect the light more evenly than a cylinder.
            lean = 0.35 * t + 0.6 * t * t * t
            pin = math.sqrt(a * a + b * b) / rod.radius
            base, gloss = 0.38, 1.0
            if pin < 0.34:
                lean, base = 1.6 * b / rod.radius, 0.60
            elif pin < 0.44 or 0.52 < a / rod.length < 0.60 or a / rod.length > 0.95:
                base, gloss = 0.20, 0.5
            lit = metal_lighting(light, x, y, -rod.uy, rod.ux, lean)
            shade = shade_metal(base, gloss, 0.36, lit)
            blend_pixel(rgb, mask, i, j, alpha, shade_metal(base, gloss, 0.8, lit), shade, shade, labels.WRIST)


@strict_njit
def paint_tube(rgb: Field, mask: Mask, noise: NoiseTable, light: Light, rod: Rod) -> None:
    """The steel tube of a suction: round end, side holes."""
    rows, columns = mask.shape
    unit = 1.0 / min(rows, columns)
    top, bottom, left, right = pixel_window(rod.x, rod.y, rod.length + 2.0 * rod.radius, rows, columns)
    for i in range(top, bottom):
        y = pixel_centre(i, rows, unit)
        for j in range(left, right):
            x = pixel_centre(j, columns, unit)
            a, b = _rod_coordinates(rod, x, y)
            overhang = min(a - rod.radius, 0.0)
            outline = math.sqrt(overhang * overhang + b * b) - rod.radius
            alpha = coverage(max(outline, a - rod.length), unit)
            if alpha == 0.0:
                continue
            t = min(max(b / rod.radius, -0.98), 0.98)
            lit = metal_lighting(light, x, y, -rod.uy, rod.ux, t)
            base, gloss = 0.50, 1.0
            station = a / rod.radius
            hole = station - 2.0 * math.floor(station / 2.0) - 1.0
            if 1.0 < station < 7.0 and hole * hole / 0.20 + (t - 0.15) * (t - 0.15) / 0.12 < 1.0:
                base, gloss = 0.06, 0.1
            if station < 0.5:
                base = 0.20
            wear = 1.0 + 0.12 * perlin_noise(noise, 15, 1.2 * station, 6.0 * t)
            cold = shade_metal(base * wear, gloss, 0.36, lit)
            blend_pixel(rgb, mask, i, j, alpha, shade_metal(base * wear, gloss, 0.8, lit), cold, cold, labels.SUCTION)


_TEETH = 11.0


@strict_njit
def _profile(jaw: Jaw, a: float) -> tuple[float, float]:
    """Distance of the inner and the outer edge of a jaw from its axis at ``a`` (0 at the hinge, 1 at the tip)."""
    if jaw.label == labels.GRASPER:
        tooth = abs(a * _TEETH - math.floor(a * _TEETH) - 0.5)
        inner = 0.22 * jaw.width * tooth if 0.25 < a < 0.95 else 0.0
        a4 = a * a * a * a
        return inner, jaw.width * (1.0 - 0.38 * a) * math.sqrt(max(1.0 - a4 * a4, 0.0))
    sweep = 0.55 * jaw.width * a * a
    return sweep, sweep + jaw.width * (1.0 - 0.25 * a) * math.sqrt(max(1.0 - a * a * a, 0.0))


@strict_njit
def paint_jaw(rgb: Field, mask: Mask, light: Light, jaw: Jaw, cover: Field) -> None:
    """One jaw; ``cover`` (H, W) is the share of each pixel that tissue in front of the jaw hides."""
    rows, columns = mask.shape
    unit = 1.0 / min(rows, columns)
    top, bottom, left, right = pixel_window(jaw.x, jaw.y, jaw.length + jaw.width, rows, columns)
    for i in range(top, bottom):
        y = pixel_centre(i, rows, unit)
        for j in range(left, right):
            x = pixel_centre(j, columns, unit)
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
            lit = metal_lighting(light, x, y, -jaw.uy, jaw.ux, lean)
            cold = shade_metal(base, gloss, 0.36, lit)
            blend_pixel(rgb, mask, i, j, alpha, shade_metal(base, gloss, 0.8, lit), cold, cold, jaw.label)
