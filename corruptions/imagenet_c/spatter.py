"""Spatter, as noise above a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor

from robustbench_endo.corruptions.base import Category, CorruptedBatch, Corruption, Px
from robustbench_endo.corruptions.kernels.filters.separable import gaussian_blur
from robustbench_endo.corruptions.kernels.fluids.composite import composite
from robustbench_endo.corruptions.kernels.fluids.grid import coarse_grid_size, frame_weights, normal_nodes
from robustbench_endo.corruptions.kernels.fluids.relief import emboss
from robustbench_endo.corruptions.kernels.host_values import constant
from robustbench_endo.corruptions.rng import Noise

_LIQUID = 0  # stream

_WATER = (175 / 255, 238 / 255, 238 / 255)

_MUD = (63 / 255, 42 / 255, 20 / 255)


@dataclass(frozen=True)
class SpatterParams:
    """Parameters of :class:`Spatter`.

    Attributes:
        mean: mean of the noise of the liquid.
        std: standard deviation of the noise of the liquid.
        sigma: standard deviation of the Gaussian that smooths the noise, in pixels.
        threshold: level of the noise above which there is a droplet.
        strength: brightness of clear droplets; its square is that of the highlight on opaque ones.
        opaque: False for water, which adds light; True for mud, which covers the scene.
        red: red of the liquid, as a share of white.
        green: green of the liquid, as a share of white.
        blue: blue of the liquid, as a share of white.
        edge: standard deviation of the Gaussian that softens a droplet, in pixels.
        cut: opacity below which a droplet is invisible.
        reach: depth of the rim, in pixels.
        levels: steps of the rim per pixel.
        unit: side of one node of the coarse grid, in pixels.
    """

    mean: Annotated[float, "level"]
    std: Annotated[float, "level"]
    sigma: Px
    threshold: Annotated[float, "level"]
    strength: Annotated[float, "share of the light"]
    opaque: Annotated[bool, "mud"] = False
    red: Annotated[float, "share of the light"] = _WATER[0]
    green: Annotated[float, "share of the light"] = _WATER[1]
    blue: Annotated[float, "share of the light"] = _WATER[2]
    edge: Px = 1.5
    cut: Annotated[float, "opacity"] = 0.8
    reach: Px = 20.0
    levels: Annotated[int, "steps/px"] = 1
    unit: Px = 1.0


@dataclass(frozen=True)
class Spatter(Corruption):
    """Smoothed noise above a threshold is liquid: water at severities 1 to 3, mud at 4 and 5.

    Water adds the embossed, equalised distance to its outline; mud covers the scene.

    >>> params = Spatter().severities[4]
    >>> params.opaque, params.sigma, params.threshold
    (True, 1.0, 0.65)
    """

    name: ClassVar[str] = "spatter"
    model: ClassVar[str] = "imagenet-c"
    category: ClassVar[Category] = "occlusion"
    cause: ClassVar[str] = "Irrigation, blood or mucus splashes onto the distal lens."
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C, extra corruptions)."

    severities: tuple[SpatterParams, ...] = (
        SpatterParams(0.65, 0.3, 4.0, 0.69, 0.6),
        SpatterParams(0.65, 0.3, 3.0, 0.68, 0.6),
        SpatterParams(0.65, 0.3, 2.0, 0.68, 0.5),
        SpatterParams(0.65, 0.3, 1.0, 0.65, 0.0, True, *_MUD),
        SpatterParams(0.67, 0.4, 1.0, 0.65, 0.0, True, *_MUD),
    )

    def apply(self, images: Tensor, params: SpatterParams, noise: Noise) -> CorruptedBatch:
        """A layer of liquid on a coarse grid, composited over ``images``."""
        size = coarse_grid_size(images.shape, params.unit)
        liquid = liquid_level(size, params, noise)
        wet, rim = coverage(liquid, params), rim_light(liquid, params)
        colour = constant((params.red, params.green, params.blue), images.device)[:, None, None]
        if params.opaque:
            layer = torch.cat((wet, (colour + rim * rim) * wet), dim=1)
        else:
            layer = torch.cat((rim.clamp(max=1.0), torch.zeros_like(rim), colour * rim), dim=1)
        corrupted, opacity = composite(images, layer, *frame_weights(size, images.shape))
        return CorruptedBatch(corrupted, opacity=opacity)


def liquid_level(size: tuple[int, int], params: SpatterParams, noise: Noise) -> Tensor:
    """Level of the liquid on a grid of ``size``, (B, 1, h, w); 0 where it is below the threshold."""
    level = gaussian_blur(normal_nodes(noise, size, _LIQUID), params.sigma / params.unit) * params.std + params.mean
    return torch.where(level < params.threshold, 0.0, level)


def coverage(liquid: Tensor, params: SpatterParams) -> Tensor:
    """Share of each node that the liquid covers: (B, 1, h, w) in [0, 1]."""
    share = gaussian_blur((liquid > params.threshold).float(), params.edge / params.unit).clamp(max=1.0)
    return torch.where(share < params.cut, 0.0, share)


def rim_light(liquid: Tensor, params: SpatterParams) -> Tensor:
    """The light that droplets refract into the lens: (B, 1, h, w), from 0 to ``strength``."""
    if params.strength == 0:
        return torch.zeros_like(liquid)
    reach = max(round(params.reach / params.unit), 1)
    return emboss((liquid.clamp(max=1.0) * 255.0).floor(), reach, params.levels) * params.strength
