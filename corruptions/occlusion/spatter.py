"""Spatter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor

from robustbench_endo.corruptions.base import Category, CorruptedBatch, Corruption, Px
from robustbench_endo.corruptions.kernels.filters.separable import gaussian_blur
from robustbench_endo.corruptions.kernels.fluids.composite import veil
from robustbench_endo.corruptions.kernels.fluids.grid import (
    brightness,
    fractal_noise,
    frame_taps,
    lattice_size,
    normal_nodes,
    scene_light,
    to_frame,
    to_lattice,
)
from robustbench_endo.corruptions.kernels.fluids.relief import relief_light
from robustbench_endo.corruptions.rng import Noise

_LIQUID, _PATCHES = 0, 1
_SPLINE_CELL = (
    1.55  # cells whose means, through a cubic B-spline, spread by the variance 5/12: a standard deviation of 1
)


@dataclass(frozen=True)
class Params:
    """mean, std: of the liquid's noise; sigma: the Gaussian that smooths it; threshold: above it a droplet stands;
    strength: brightness of clear droplets, or (its square) of the highlight on opaque ones; opaque: water adds light,
    blood and mucus cover; red, green, blue: of the liquid; edge: the Gaussian that softens a droplet; cut: opacity
    below which it counts as none; reach: depth of the rim; levels: its steps a pixel; lit: how far the scene's own
    light, instead of white, falls on the liquid; defocus: the Gaussian that blurs the scene behind water;
    patches: standard deviation of the slow change of the level that makes some places dense with droplets of all sizes
    and leaves others clean; patch: between its nodes; unit: a lattice pixel.
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
    """

    name: ClassVar[str] = "spatter"
    category: ClassVar[Category] = "occlusion"
    cause: ClassVar[str] = "Irrigation, blood or mucus splashes onto the distal lens."
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C, extra corruptions)."

    severities: tuple[Params, ...] = (
        Params(0.65, 0.3, 3.5, 0.699, 0.6, patches=0.014),
        Params(0.65, 0.3, 3.0, 0.697, 0.6, patches=0.018),
        Params(0.65, 0.3, 2.6, 0.695, 0.6, patches=0.022),
        Params(0.65, 0.3, 2.4, 0.687, 0.6, opaque=True, red=0.85, green=0.64, blue=0.50, patches=0.028),
        Params(0.65, 0.3, 2.2, 0.69, 0.6, opaque=True, red=0.42, green=0.02, blue=0.02, patches=0.032),
    )

    def apply(self, images: Tensor, params: Params, noise: Noise) -> CorruptedBatch:
        size = lattice_size(images.shape, params.unit)
        liquid = liquid_layer(size, params, noise)
        wet, rim = cover(liquid, params), rim_light(liquid, params)
        light = 1.0 + params.lit * (scene_light(brightness(images, size)) - 1.0)
        colour = images.new_tensor([params.red, params.green, params.blue])[:, None, None]
        if params.opaque:
            fields = torch.cat((wet, (colour + rim * rim) * light * wet), dim=1)
        elif params.defocus > 0:
            opacity = torch.maximum(wet, rim).clamp(max=1.0)
            fields = torch.cat(
                (opacity, wet, defocused(images, size, params.defocus) * wet + colour * rim * light), dim=1
            )
        else:
            fields = torch.cat((rim.clamp(max=1.0), torch.zeros_like(rim), colour * rim * light), dim=1)
        seen, opacity = veil(images, fields, *frame_taps(size, images.shape))
        return CorruptedBatch(seen, opacity=opacity)


def liquid_layer(size: tuple[int, int], params: Params, noise: Noise) -> Tensor:
    """The liquid's level on a lattice of ``size``, (B, 1, h, w); 0 where it is below the threshold."""
    level = gaussian_blur(normal_nodes(noise, size, _LIQUID), params.sigma / params.unit) * params.std + params.mean
    if params.patches > 0:
        level = level + fractal_noise(noise, size, params.patch / params.unit, 2, _PATCHES) * params.patches
    return torch.where(level < params.threshold, 0.0, level)


def cover(liquid: Tensor, params: Params) -> Tensor:
    """How much of each place the liquid covers: (B, 1, h, w) in [0, 1]."""
    share = gaussian_blur((liquid > params.threshold).float(), params.edge / params.unit).clamp(max=1.0)
    return torch.where(share < params.cut, 0.0, share)


def rim_light(liquid: Tensor, params: Params) -> Tensor:
    """The light that droplets bend into the lens: (B, 1, h, w), from 0 to ``strength``."""
    if params.strength == 0:
        return torch.zeros_like(liquid)
    reach = max(round(params.reach / params.unit), 1)
    return relief_light((liquid.clamp(max=1.0) * 255.0).floor(), reach, params.levels) * params.strength


def defocused(images: Tensor, size: tuple[int, int], sigma: float) -> Tensor:
    """The scene under a Gaussian of about ``sigma`` px, on a lattice of ``size``: (B, 3, h, w)."""
    return to_frame(to_lattice(images, lattice_size(images.shape, _SPLINE_CELL * sigma)), size)
