"""Bleeding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.base import Category, CorruptedBatch, Corruption, Px
from robustbench_endo.corruptions.kernels.fluids.composite import veil
from robustbench_endo.corruptions.kernels.fluids.droplets import trail_heights
from robustbench_endo.corruptions.kernels.fluids.grid import (
    averaged,
    brightness,
    fractal_noise,
    frame_taps,
    lattice_size,
    scene_light,
    smooth_noise,
)
from robustbench_endo.corruptions.kernels.fluids.optics import absorb, wet_surface
from robustbench_endo.corruptions.kernels.interpolation.remap import identity_grid, remap
from robustbench_endo.corruptions.rng import Noise

_DIRECTION, _TRAILS, _WARP_DOWN, _WARP_ACROSS, _POOLS, _RIPPLES, _PATCHES = 0, 1, 2, 4, 6, 12, 14


@dataclass(frozen=True)
class Params:
    """coverage: share of the frame with any blood; drops, runs: how many; radius: of the largest drop; length: of the
    longest run; pool: size of the pools; depth: of a pool far from its shore; settling: how much the dark folds of the
    scene draw the pools; warp: how far outlines are pushed about; red, green, blue: absorption by a reference pixel of
    thickness; scatter: light that thick blood sends back; gloss: strength of the highlights; relief: slope of the
    surface for one of thickness; ripples: standard deviation of the slope of a wet surface; rim: light lost on the
    steep edge; unit: one reference pixel.
    """

    coverage: Annotated[float, "share of the frame"]
    drops: Annotated[int, "count"]
    runs: Annotated[int, "count"]
    radius: Px = 9.0
    length: Px = 90.0
    pool: Px = 90.0
    depth: Px = 16.0
    settling: Annotated[float, "standard deviations"] = 2.0
    warp: Px = 5.0
    red: Annotated[float, "1/px"] = 0.13
    green: Annotated[float, "1/px"] = 0.75
    blue: Annotated[float, "1/px"] = 0.65
    scatter: Annotated[float, "share of the light"] = 1.0
    gloss: Annotated[float, "share of the light"] = 0.8
    relief: Annotated[float, "slope"] = 0.5
    ripples: Annotated[float, "slope"] = 0.3
    rim: Annotated[float, "share of the light"] = 0.35
    unit: Px = 1.0


_BODY = (0.30, 0.02, 0.025)
_FOLD_CELLS = 4, 24  # reference pixels over which a fold, and its surroundings, are averaged
_RIPPLE = 11.0  # reference pixels between the nodes of the ripples
_PATCH = 40.0  # the same of the patches of pool that glisten
_STEEPNESS = 0.146  # standard deviation of the slope of such noise along an axis
_SHELF = 0.5  # standard deviations of the pool's field above its shore at which half of the depth is reached


@dataclass(frozen=True)
class Bleeding(Corruption):
    """Pools, runs and drops of blood, absorbing by Beer-Lambert and lit by the scene's own light.

    One thickness field holds them all. Haemoglobin takes green and blue many times faster than red: a film is a
    translucent red, a pool nearly black.
    """

    name: ClassVar[str] = "bleeding"
    category: ClassVar[Category] = "occlusion"
    cause: ClassVar[str] = "A bleeding vessel floods the field; droplets of blood land on the distal lens."
    citation: ClassVar[str] = (
        "EndoARSS (arXiv 2506.06830); Jacques, Phys. Med. Biol. 58 (2013) for absorption by blood."
    )

    severities: tuple[Params, ...] = (
        Params(0.04, 10, 2),
        Params(0.10, 14, 3),
        Params(0.18, 18, 5),
        Params(0.28, 22, 6),
        Params(0.40, 26, 7),
    )

    def apply(self, images: Tensor, params: Params, noise: Noise) -> CorruptedBatch:
        size = lattice_size(images.shape, params.unit)
        bright = brightness(images, size)
        layer = thickness(bright, params, noise)
        gloss, dimming = surface(layer, params, noise)
        light = scene_light(bright)
        absorption = (params.red, params.green, params.blue)
        body = [params.scatter * value for value in _BODY]
        fields = absorb(layer, dimming, torch.cat((light, gloss * light), dim=1), absorption, body)
        seen, opacity = veil(images, fields, *frame_taps(size, images.shape))
        return CorruptedBatch(seen, opacity=opacity)


def thickness(bright: Tensor, params: Params, noise: Noise) -> Tensor:
    """How thick the blood is on the lattice, in its pixels: (B, 1, h, w) >= 0, over a scene so ``bright``."""
    size = bright.shape[-2], bright.shape[-1]
    spacing = 4.0 * params.warp / params.unit
    warp = torch.cat([fractal_noise(noise, size, spacing, 2, stream) for stream in (_WARP_DOWN, _WARP_ACROSS)], dim=1)
    warp = warp * (params.warp / params.unit * 0.5)
    direction = flow_direction(noise)
    thin = trail_heights(trails(size, params, noise, direction), warp * 0.5)
    pool = pool_field(size, params, noise, direction, warp) + params.settling * folds(bright)
    above = (pool - shore(pool, thin, params.coverage)).clamp(min=0.0)
    deep = above * (params.depth / params.unit) / (above + _SHELF)
    return (deep * deep + thin * thin).sqrt()


def flow_direction(noise: Noise) -> Tensor:
    """The way the blood runs, (B, 2): (down, across), of unit length."""
    angle = 2.0 * np.pi * noise.uniform((1,), _DIRECTION).double()
    return torch.cat((angle.sin(), angle.cos()), dim=1).float()


def trails(size: tuple[int, int], params: Params, noise: Noise, direction: Tensor) -> Tensor:
    """The drops and runs of each image as (B, K, 10), see :func:`.kernels.droplets.trail_heights`."""
    count = params.drops + params.runs
    draw = noise.uniform((count, 8), _TRAILS)
    runs = (torch.arange(count, device=draw.device) < params.runs).float().expand(len(draw), -1)
    radius, length = params.radius / params.unit, params.length / params.unit
    head = radius * (0.15 + 0.85 * draw[..., 2] * draw[..., 2] * draw[..., 2])
    head = torch.where(runs > 0, radius * (0.25 + 0.3 * draw[..., 2]), head)
    reach = torch.where(runs > 0, length * (0.3 + 0.7 * draw[..., 3]), head * draw[..., 3] + 0.1)
    tail = head * torch.where(runs > 0, 0.35, 0.8)
    swing = reach * 0.25 * (draw[..., 4] - 0.5)
    lean = (draw[..., 7] - 0.5) * 0.5
    down, across = direction[:, :1] + lean * direction[:, 1:], direction[:, 1:] - lean * direction[:, :1]
    norm = (down * down + across * across).sqrt()
    return torch.stack(
        (
            draw[..., 0] * size[0],
            draw[..., 1] * size[1],
            down / norm,
            across / norm,
            reach,
            head,
            tail,
            swing,
            1.0 + 2.0 * draw[..., 5],
            draw[..., 6],
        ),
        dim=-1,
    )


def pool_field(size: tuple[int, int], params: Params, noise: Noise, direction: Tensor, warp: Tensor) -> Tensor:
    """Where pools gather: low-frequency noise with a warped outline, higher towards where the blood runs."""
    field = fractal_noise(noise, size, params.pool / params.unit, 4, _POOLS, gain=0.55)
    grid = identity_grid(*size, field.device)
    step = field.new_tensor([2.0 / size[1], 2.0 / size[0]])
    field = remap(field, grid + warp.flip(1).permute(0, 2, 3, 1) * step)
    down, across = direction[:, :1, None, None], direction[:, 1:, None, None]
    return field + 0.5 * (grid[None, ..., 0, :, :, 1] * down + grid[None, ..., 0, :, :, 0] * across)


def shore(pool: Tensor, thin: Tensor, coverage: float) -> Tensor:
    """The level (B, 1, 1, 1) of the pools at which pools, runs and drops together cover ``coverage`` of the frame."""
    flat = torch.where(thin > 0, torch.inf, pool).flatten(1)
    rank = flat.shape[1] - round(coverage * flat.shape[1])
    level = flat.kthvalue(max(rank, 1), dim=1).values
    return torch.minimum(level, pool.flatten(1).amax(1))[:, None, None, None]


def folds(bright: Tensor) -> Tensor:
    """How much darker each place of the lattice is than its surroundings: (B, 1, h, w), about -1 to 1."""
    fine, wide = (averaged(bright, cell) for cell in _FOLD_CELLS)
    return wide - fine


def surface(layer: Tensor, params: Params, noise: Noise) -> tuple[Tensor, Tensor]:
    """What the wet surface mirrors and what light its steep rim lets through, each (B, 1, h, w) in [0, 1]."""
    size = layer.shape[-2], layer.shape[-1]
    ripples = fractal_noise(noise, size, _RIPPLE, 2, _RIPPLES) * (params.ripples / _STEEPNESS)
    patches = smooth_noise(noise, size, _PATCH, _PATCHES).clamp(0.0, 1.0)
    shown = wet_surface(layer, ripples, params.relief)
    mirrored, steep = shown[:, :1], shown[:, 1:]
    return mirrored * (0.15 + 0.85 * patches) * params.gloss, 1.0 - params.rim * steep
