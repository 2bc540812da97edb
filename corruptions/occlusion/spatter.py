"""Spatter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from ..base import Corruption, Damage, Group, Pixels
from ..kernels.droplets_distance import distance, equalised, outline
from ..kernels.fluid import brightness, lattice_size, normal_nodes, scene_light, to_frame, to_lattice
from ..kernels.separable import gaussian_blur
from ..noise_source import Noise

_LIQUID = 0
_EMBOSS = (-2.0, -1.0, 0.0, -1.0, 1.0, 1.0, 0.0, 1.0, 2.0)


@dataclass(frozen=True)
class Params:
    """mean, std: of the liquid's noise; sigma: the Gaussian that smooths it; threshold: above it a droplet stands;
    strength: brightness of clear droplets, or (its square) of the highlight on opaque ones; opaque: water adds light,
    blood and mucus cover; red, green, blue: of the liquid; edge: the Gaussian that softens a droplet; cut: opacity
    below which it counts as none; reach: depth of the rim; levels: its steps a pixel; lit: how far the scene's own
    light, instead of white, falls on the liquid; defocus: the Gaussian that blurs the scene behind water; unit: a
    lattice pixel.
    """

    mean: Annotated[float, "level"]
    std: Annotated[float, "level"]
    sigma: Pixels
    threshold: Annotated[float, "level"]
    strength: Annotated[float, "share of the light"]
    opaque: Annotated[bool, "blood or mucus"] = False
    red: Annotated[float, "share of the light"] = 175 / 255
    green: Annotated[float, "share of the light"] = 238 / 255
    blue: Annotated[float, "share of the light"] = 238 / 255
    edge: Pixels = 1.0
    cut: Annotated[float, "opacity"] = 0.05
    reach: Pixels = 8.0
    levels: Annotated[int, "steps/px"] = 8
    lit: Annotated[float, "share"] = 1.0
    defocus: Pixels = 4.0
    unit: Pixels = 1.0


@dataclass(frozen=True)
class Spatter(Corruption):
    """Droplets on the lens: clear ones at severities 1 to 3, mucus at 4, blood at 5.

    As in ImageNet-C, smoothed noise above a threshold is liquid; clear droplets add the embossed, equalised distance
    to their outline, opaque ones cover the scene. Its constants are white light (lit 0), hard edges (cut 0.8), no
    rim on opaque liquid (strength 0) and no defocus.
    """

    name: ClassVar[str] = "spatter"
    group: ClassVar[Group] = "occlusion"
    cause: ClassVar[str] = "Irrigation, blood or mucus splashes onto the distal lens."
    reference: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C, extra corruptions)."

    severities: tuple[Params, ...] = (
        Params(0.65, 0.3, 4.0, 0.685, 0.6),
        Params(0.65, 0.3, 3.5, 0.681, 0.6),
        Params(0.65, 0.3, 3.0, 0.681, 0.6),
        Params(0.65, 0.3, 2.5, 0.677, 0.6, opaque=True, red=0.85, green=0.64, blue=0.50),
        Params(0.65, 0.3, 2.5, 0.674, 0.6, opaque=True, red=0.42, green=0.02, blue=0.02),
    )

    def apply(self, images: Tensor, params: Params, noise: Noise) -> Damage:
        liquid = liquid_layer(images, params, noise)
        bright = brightness(images, lattice_size(images.shape, params.unit))
        light = 1.0 + params.lit * (scene_light(bright, images.shape) - 1.0)
        fields = to_frame(torch.cat((cover(liquid, params), rim_light(liquid, params)), dim=1), images.shape)
        wet, rim = fields[:, :1], fields[:, 1:] * light
        colour = images.new_tensor([params.red, params.green, params.blue])[:, None, None]
        if params.opaque:
            return Damage(images * (1.0 - wet) + colour * (wet * light) + rim * fields[:, 1:] * wet, opacity=wet)
        if params.defocus > 0:
            images = images + (defocused(images, params) - images) * wet
            return Damage(images + colour * rim, opacity=torch.maximum(wet, rim).clamp(max=1.0))
        return Damage(images + colour * rim, opacity=rim.clamp(max=1.0))


def liquid_layer(images: Tensor, params: Params, noise: Noise) -> Tensor:
    """The liquid's level on the lattice, (B, 1, h, w); 0 where it is below the threshold."""
    size = lattice_size(images.shape, params.unit)
    level = gaussian_blur(normal_nodes(noise, size, _LIQUID) * params.std + params.mean, params.sigma / params.unit)
    return torch.where(level < params.threshold, 0.0, level)


def cover(liquid: Tensor, params: Params) -> Tensor:
    """How much of each place the liquid covers: (B, 1, h, w) in [0, 1]."""
    share = gaussian_blur((liquid > params.threshold).float(), params.edge / params.unit).clamp(max=1.0)
    return torch.where(share < params.cut, 0.0, share)


def defocused(images: Tensor, params: Params) -> Tensor:
    """The scene out of focus, (B, 3, H, W)."""
    lattice = to_lattice(images, lattice_size(images.shape, params.unit))
    return to_frame(gaussian_blur(lattice, params.defocus / params.unit), images.shape)


def rim_light(liquid: Tensor, params: Params) -> Tensor:
    """The light that droplets bend into the lens: (B, 1, h, w), from 0 to ``strength``."""
    if params.strength == 0:
        return torch.zeros_like(liquid)
    level = (liquid.clamp(max=1.0) * 255.0).floor()
    light = level * emboss(equalised_depth(level, params))
    peak = light.amax((1, 2, 3), keepdim=True)
    return light / torch.where(peak > 0, peak, 1.0) * params.strength


def equalised_depth(level: Tensor, params: Params) -> Tensor:
    """The distance to the nearest outline, equalised to [0, 1]: (B, 1, h, w)."""
    reach = max(round(params.reach / params.unit), 1)
    depth = box(distance(outline(level), reach))
    return equalised((depth * params.levels + 1e-3).floor().long(), reach * params.levels + 1)


def emboss(relief: Tensor) -> Tensor:
    """``relief`` in [0, 1] lit from the lower right, clamped, and smoothed: (B, 1, h, w)."""
    padded = F.pad(relief, (1, 1, 1, 1), mode="reflect")
    height, width = relief.shape[-2:]
    lit = torch.zeros_like(relief)
    for index, weight in enumerate(_EMBOSS):
        row, column = divmod(index, 3)
        lit += weight * padded[..., row : row + height, column : column + width]
    return box(lit.clamp(0.0, 1.0))


def box(field: Tensor) -> Tensor:
    """The mean of 3 x 3 pixels; the field is mirrored about its edge pixels."""
    padded = F.pad(field, (1, 1, 1, 1), mode="reflect")
    rows = padded[..., :-2, :] + padded[..., 1:-1, :] + padded[..., 2:, :]
    return (rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]) / 9.0
