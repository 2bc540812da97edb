"""Specular glare and local over-exposure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px
from robustbench_endo.corruptions.kernels.fluids.grid import CoarseGrid, coarse_brightness, local_mean, to_frame
from robustbench_endo.corruptions.rng import Noise
from robustbench_endo.corruptions.surgical.blur import blurred
from robustbench_endo.corruptions.surgical.light import to_light, to_values

_SHIFT = 0  # stream
_HIGHLIGHT = 0.45  # light, as a share of white, from which an image's value is a reflection of the lamp
_LIGHT_CELL = 48  # nodes over which the illumination is averaged
_WIDE = 5.0  # width of the halo of a highlight over that of its core


@dataclass(frozen=True)
class SpecularGlareParams:
    """Parameters of :class:`SpecularGlare`.

    Attributes:
        stops: by how much the centre of the glare is over-exposed, in stops.
        spot: standard deviation of the over-exposed spot, as a share of the short side.
        bloom: light of the highlights that spreads, as a multiple of what the image shows of them.
        radius: standard deviation of the core of the bloom, in pixels.
    """

    stops: Annotated[float, "stops"]
    spot: Annotated[float, "share of the side"]
    bloom: Annotated[float, "times"]
    radius: Px


@dataclass(frozen=True)
class SpecularGlare(Corruption):
    """Highlights of the image bloom in linear light, and a spot near the brightest tissue is over-exposed.

    >>> SpecularGlare().severities[2]
    SpecularGlareParams(stops=1.5, spot=0.24, bloom=3.0, radius=2.5)
    """

    name: ClassVar[str] = "specular_glare"
    category: ClassVar[Category] = "occlusion"
    cause: ClassVar[str] = "Wet tissue or an instrument reflects the lamp into the scope; exposure follows the mean."
    citation: ClassVar[str] = (
        "Arnold, Ghosh, Ameling & Lacey, EURASIP J. Image and Video Processing 2010 (specular highlights); Spencer, "
        "Shirley, Zimmerman & Greenberg, SIGGRAPH 1995 (glare)."
    )
    bounded: ClassVar[bool] = True

    severities: tuple[SpecularGlareParams, ...] = (
        SpecularGlareParams(0.6, 0.18, 1.0, 1.5),
        SpecularGlareParams(1.0, 0.21, 2.0, 2.0),
        SpecularGlareParams(1.5, 0.24, 3.0, 2.5),
        SpecularGlareParams(2.2, 0.28, 5.0, 3.0),
        SpecularGlareParams(3.0, 0.33, 8.0, 4.0),
    )

    def apply(self, images: Tensor, params: SpecularGlareParams, noise: Noise) -> Tensor:
        """In linear light: (``images`` + bloom) x exposure, clipped at white."""
        light = to_light(images)
        highlights = _highlights(light).mul_(params.bloom)
        bloom = blurred(highlights, params.radius).mul_(0.6)
        bloom = bloom.add_(blurred(highlights, params.radius * _WIDE), alpha=0.4)
        exposure = to_frame(_exposure(light, params, noise), images.shape)
        return to_values((light + bloom).mul_(exposure))


def _highlights(light: Tensor) -> Tensor:
    """Light that is a reflection of the lamp: what the darkest channel exceeds :data:`_HIGHLIGHT` by, (B, 1, H, W)."""
    return light.amin(1, keepdim=True).sub_(_HIGHLIGHT).clamp_(min=0.0).mul_(1.0 / (1.0 - _HIGHLIGHT))


def _exposure(light: Tensor, params: SpecularGlareParams, noise: Noise) -> Tensor:
    """Factor of the exposure at each node of a coarse grid: (B, 1, h, w)."""
    grid = CoarseGrid.of(light.shape[-2:])
    lit = local_mean(coarse_brightness(light, grid.size), _LIGHT_CELL)
    index = lit.flatten(1).argmax(1)
    x, y = grid.coordinates(light.device)
    shift = noise.uniform((2, 1, 1), _SHIFT).sub_(0.5).mul_(0.25 * min(grid.size))
    centre_x = index.remainder(grid.columns).float()[:, None, None] + (0.5 - grid.columns / 2)
    centre_y = index.div(grid.columns, rounding_mode="floor").float()[:, None, None] + (0.5 - grid.rows / 2)
    dx, dy = x - centre_x - shift[:, 0], y - centre_y - shift[:, 1]
    share = (dx * dx + dy * dy).double().div_(-2.0 * (params.spot * min(grid.size)) ** 2).exp_()
    return torch.exp2(share * params.stops).float()[:, None]
