"""Spatter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor

from robustbench_endo.corruptions.base import Category, CorruptedBatch, Corruption, Px
from robustbench_endo.corruptions.kernels.filters.separable import gaussian_blur
from robustbench_endo.corruptions.kernels.fluids.composite import composite
from robustbench_endo.corruptions.kernels.fluids.grid import (
    coarse_brightness,
    coarse_grid_size,
    fractal_spline_noise,
    frame_weights,
    illumination,
    normal_nodes,
    to_coarse_grid,
    to_frame,
)
from robustbench_endo.corruptions.kernels.fluids.relief import emboss
from robustbench_endo.corruptions.rng import Noise

_LIQUID, _PATCHES = 0, 1  # streams

# Cells whose means, through a cubic B-spline, spread by the variance 5/12: a standard deviation of 1.
_SPLINE_CELL = 1.55


@dataclass(frozen=True)
class SpatterParams:
    """Parameters of :class:`Spatter`.

    Attributes:
        mean: mean of the noise of the liquid.
        std: standard deviation of the noise of the liquid.
        sigma: standard deviation of the Gaussian that smooths the noise, in pixels.
        threshold: level of the noise above which there is a droplet.
        strength: brightness of clear droplets; its square is that of the highlight on opaque ones.
        opaque: False for water, which adds light; True for blood and mucus, which cover the scene.
        red: red of the liquid, as a share of the light.
        green: green of the liquid, as a share of the light.
        blue: blue of the liquid, as a share of the light.
        edge: standard deviation of the Gaussian that softens a droplet, in pixels.
        cut: opacity below which a droplet is invisible.
        reach: depth of the rim, in pixels.
        levels: steps of the rim per pixel.
        lit: share of the scene's light, instead of white light, on the liquid.
        defocus: standard deviation of the Gaussian that blurs the scene behind water, in pixels.
        patches: standard deviation of a slow variation of the level, which makes some areas dense with droplets of all
            sizes and leaves others clean.
        patch: distance of the nodes of that variation, in pixels.
        unit: side of one node of the coarse grid, in pixels.
    """

    mean: Annotated[float, "level"]
    std: Annotated[float, "level"]
    sigma: Px
    threshold: Annotated[float, "level"]
    strength: Annotated[float, "share of the light"]
    opaque: Annotated[bool, "blood or mucus"] = False
    red: Annotated[float, "share of the light"] = 175 / 255
    green: Annotated[float, "share of the light"] = 238 / 255
    blue: Annotated[float, "share of the light"] = 238 / 255
    edge: Px = 1.0
    cut: Annotated[float, "opacity"] = 0.05
    reach: Px = 8.0
    levels: Annotated[int, "steps/px"] = 8
    lit: Annotated[float, "share"] = 1.0
    defocus: Px = 4.0
    patches: Annotated[float, "level"] = 0.0
    patch: Px = 60.0
    unit: Px = 1.0


@dataclass(frozen=True)
class Spatter(Corruption):
    """Droplets on the lens: clear ones at severities 1 to 3, mucus at 4, blood at 5.

    As in ImageNet-C, smoothed noise above a threshold is liquid; clear droplets add the embossed, equalised distance
    to their outline, opaque ones cover the scene. Its constants are one level everywhere (patches 0),
    white light (lit 0), hard edges (cut 0.8), no rim on opaque liquid (strength 0) and no defocus.

    >>> params = Spatter().severities[4]
    >>> params.opaque, params.sigma, params.threshold
    (True, 2.2, 0.69)
    """

    name: ClassVar[str] = "spatter"
    category: ClassVar[Category] = "occlusion"
    cause: ClassVar[str] = "Irrigation, blood or mucus splashes onto the distal lens."
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C, extra corruptions)."

    severities: tuple[SpatterParams, ...] = (
        SpatterParams(0.65, 0.3, 3.5, 0.699, 0.6, patches=0.014),
        SpatterParams(0.65, 0.3, 3.0, 0.697, 0.6, patches=0.018),
        SpatterParams(0.65, 0.3, 2.6, 0.695, 0.6, patches=0.022),
        SpatterParams(0.65, 0.3, 2.4, 0.687, 0.6, opaque=True, red=0.85, green=0.64, blue=0.50, patches=0.028),
        SpatterParams(0.65, 0.3, 2.2, 0.69, 0.6, opaque=True, red=0.42, green=0.02, blue=0.02, patches=0.032),
    )

    def apply(self, images: Tensor, params: SpatterParams, noise: Noise) -> CorruptedBatch:
        """A layer of liquid on a coarse grid, composited over ``images``."""
        size = coarse_grid_size(images.shape, params.unit)
        liquid = liquid_level(size, params, noise)
        wet, rim = coverage(liquid, params), rim_light(liquid, params)
        light = 1.0 + params.lit * (illumination(coarse_brightness(images, size)) - 1.0)
        colour = images.new_tensor([params.red, params.green, params.blue])[:, None, None]
        if params.opaque:
            layer = torch.cat((wet, (colour + rim * rim) * light * wet), dim=1)
        elif params.defocus > 0:
            opacity = torch.maximum(wet, rim).clamp(max=1.0)
            refracted = defocused(images, size, params.defocus) * wet + colour * rim * light
            layer = torch.cat((opacity, wet, refracted), dim=1)
        else:
            layer = torch.cat((rim.clamp(max=1.0), torch.zeros_like(rim), colour * rim * light), dim=1)
        corrupted, opacity = composite(images, layer, *frame_weights(size, images.shape))
        return CorruptedBatch(corrupted, opacity=opacity)


def liquid_level(size: tuple[int, int], params: SpatterParams, noise: Noise) -> Tensor:
    """Level of the liquid on a grid of ``size``, (B, 1, h, w); 0 where it is below the threshold."""
    level = gaussian_blur(normal_nodes(noise, size, _LIQUID), params.sigma / params.unit) * params.std + params.mean
    if params.patches > 0:
        spacing = params.patch / params.unit
        level = level + fractal_spline_noise(noise, size, spacing, 2, _PATCHES) * params.patches
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


def defocused(images: Tensor, size: tuple[int, int], sigma: float) -> Tensor:
    """The scene blurred by a Gaussian of about ``sigma`` pixels, on a grid of ``size``: (B, 3, h, w)."""
    return to_frame(to_coarse_grid(images, coarse_grid_size(images.shape, _SPLINE_CELL * sigma)), size)
