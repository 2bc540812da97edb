"""Light on the instruments: rounded metal or plastic that mirrors the ring light and the red of the tissue."""

from __future__ import annotations

import math

from robustbench_endo.data.synthetic.kernel import kernel
from robustbench_endo.data.synthetic.lighting import illumination
from robustbench_endo.data.synthetic.patient import Light

_LIGHT_HEIGHT = 0.75


@kernel
def sheen(light: Light, x: float, y: float, px: float, py: float, lean: float) -> tuple[float, float, float]:
    """Diffuse light, mirrored light and rim (0 to about 1) of a part at (x, y).

    ``(px, py)`` is the unit direction across the part, ``lean`` in (-1, 1) how far its surface turns that way. Turned
    metal mirrors the light as a band along its axis, so only the part of the light across the axis is mirrored.
    """
    nz = math.sqrt(1.0 - lean * lean)
    across = (light.x - x) * px + (light.y - y) * py
    ahead = (light.y - y) * px - (light.x - x) * py
    wide = math.sqrt(across * across + _LIGHT_HEIGHT * _LIGHT_HEIGHT)
    facing = max(lean * across + nz * _LIGHT_HEIGHT, 0.0) / wide
    mirrored = max(2.0 * nz * facing - _LIGHT_HEIGHT / wide, 0.0)
    tight = mirrored * mirrored
    tight *= tight
    tight *= tight
    tight *= tight
    power = illumination(light, x, y)
    diffuse = facing * wide / math.sqrt(wide * wide + ahead * ahead)
    return diffuse * power, (0.22 * mirrored * mirrored + 0.78 * tight) * power, (1.0 - nz) * (1.0 - nz) * power


@kernel
def metal(base: float, gloss: float, tint: float, light: tuple[float, float, float]) -> float:
    """One channel of lit metal; ``tint`` is how much of this channel the surrounding tissue sends back."""
    diffuse, mirrored, rim = light
    return base * (0.22 + 0.78 * diffuse) + gloss * (0.75 * mirrored + 0.32 * tint * rim)
