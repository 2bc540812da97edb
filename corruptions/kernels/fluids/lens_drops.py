"""Drops of liquid on the distal lens: out of focus, refracting, of three liquids.

A drop is a cap of nearly constant contact angle, so that drops of any size show the same field of view, inverted and
the more reduced the smaller the drop.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.filters.separable import gaussian_blur
from robustbench_endo.corruptions.kernels.fluids.droplets import trail_heights
from robustbench_endo.corruptions.kernels.fluids.grid import fractal_spline_noise, to_coarse_grid, to_frame
from robustbench_endo.corruptions.kernels.fluids.optics import slopes
from robustbench_endo.corruptions.kernels.host_values import upload
from robustbench_endo.corruptions.kernels.interpolation.remap import identity_grid, remap
from robustbench_endo.corruptions.rng import Noise

_GOLDEN = 0.6180339887  # steps of this share of 1 spread evenly, however many there are

_ROLL = 0.6  # largest angle between the direction of gravity and the columns of the frame, in radians

_OUTLINE = 4.0  # smallest distance in nodes between the random nodes of the outlines

_LAMP = 0.75, 0.55  # slope down and across that mirrors the lamp into the lens

_SPOT = 0.75  # difference of slope at which the highlight ends

_SMOOTHING = 1.2  # blur of the creases between merged drops, as a share of the defocus

_EDGE = 0.8  # height, in nodes, at which a drop is opaque

_AMBIENT_CELLS = 4, 5  # cells over which the light on the drops is averaged

WATER = ((0.3, 0.27, 0.27), (0.9, 0.95, 0.95))

MUCUS = ((1.1, 1.3, 1.9), (0.92, 0.82, 0.66))

BLOOD = ((1.8, 20.0, 18.0), (0.48, 0.03, 0.03))

LIQUIDS = (WATER, MUCUS, BLOOD)
"""Absorption of red, green and blue by the height of the largest drop; colour that a thick layer scatters back."""


@dataclass(frozen=True)
class LensDrops:
    """Geometry of the drops on a grid, in its nodes.

    Attributes:
        count: number of drops; the last has the remaining share of its area.
        radius: radius of the largest drop.
        warp: displacement of the outlines.
        stream: first of six streams: two for the drops, four for their outlines.
    """

    count: float
    radius: float
    warp: float
    stream: int


def lens_drop_heights(drops: LensDrops, size: tuple[int, int], noise: Noise) -> Tensor:
    """Height of the drops on a grid of ``size``, in nodes: (B, 1, h, w), 0 between them.

    The drops of a lower count are among those of a higher one.
    """
    spacing = max(14.0 * drops.warp, _OUTLINE)
    warp = [fractal_spline_noise(noise, size, spacing, 2, drops.stream + 2 + 2 * i) for i in range(2)]
    (trails,) = upload((lens_drops(drops, size, noise.host),), noise.device)
    return trail_heights(trails, torch.cat(warp, dim=1) * drops.warp)


def lens_drops(drops: LensDrops, size: tuple[int, int], noise: Noise) -> Tensor:
    """Two trails per drop as (B, 2 K, 10), see :mod:`.droplets`: one that sags, and a smaller one merged with it."""
    number = max(math.ceil(drops.count), 1)
    draw = noise.uniform((number, 10), drops.stream)
    start = noise.uniform((2,), drops.stream + 1)
    radius = drops.radius * drop_sizes(start[:, :1], number)
    radius[:, -1] *= max(drops.count - (number - 1), 0.0) ** 0.5
    radius = radius.clamp(min=0.01)
    centre = draw[..., :2] * draw.new_tensor(size)
    down = unit_vector((start[:, 1:] - 0.5) * (2.0 * _ROLL) + (draw[..., 2] - 0.5) * 0.3)
    main = drop_trails(centre, down, radius, draw[..., 3:6])
    side = unit_vector(draw[..., 6] * (2.0 * torch.pi))
    smaller = radius * (0.4 + 0.4 * draw[..., 7])
    companion = centre + side * (radius * (0.4 + 0.5 * draw[..., 8]))[..., None]
    return torch.cat((main, drop_trails(companion, down, smaller, draw[..., 3:6].flip(-1))), dim=1)


def drop_sizes(start: Tensor, number: int) -> Tensor:
    """Radius of each drop (B, K) as a share of the largest: few are large, and each prefix has all sizes."""
    step = torch.arange(number, device=start.device, dtype=torch.float64) * _GOLDEN
    share = (start.double() + step).remainder(1.0)
    return (0.16 + 0.84 * share * share).float()


def unit_vector(angle: Tensor) -> Tensor:
    """(down, across) of an angle from the columns, along a last axis."""
    exact = angle.double()
    return torch.stack((exact.cos(), exact.sin()), dim=-1).float()


def drop_trails(centre: Tensor, down: Tensor, radius: Tensor, shape: Tensor) -> Tensor:
    """Trails (B, K, 10) of drops that sag towards ``down``; ``shape`` (B, K, 3) varies them."""
    length, tail = radius * (0.2 + 0.7 * shape[..., 0]), radius * (0.55 + 0.35 * shape[..., 1])
    swing = radius * 0.3 * (shape[..., 2] - 0.5)
    turns = torch.stack((torch.full_like(radius, 0.5), shape[..., 2]), dim=-1)
    return torch.cat((centre, down, torch.stack((length, radius, tail, swing), dim=-1), turns), dim=-1)


def draw_liquids(shares: Sequence[float], draw: Tensor) -> Tensor:
    """One of :data:`LIQUIDS` for each frame, (B, 2, 3), by uniform numbers (B, 1) and the shares of the liquids."""
    limits = draw.new_tensor([0.0, *accumulate(shares[:-1])])
    index = ((draw * sum(shares) >= limits).sum(1) - 1).clamp(min=0)
    return draw.new_tensor(LIQUIDS)[index]


@dataclass(frozen=True)
class DropOptics:
    """Optics of the drops.

    Attributes:
        displacement: distance in nodes between a point of the rim and the point of the scene seen through it.
        defocus: standard deviation of the Gaussian that blurs the drops, in nodes.
        rim: share of the light that is lost on the rim.
        gloss: strength of the highlight, as a share of the light.
        radius: radius of the largest drop, which is also its height, in nodes.
    """

    displacement: float
    defocus: float
    rim: float
    gloss: float
    radius: float


def lens_layer(images: Tensor, height: Tensor, liquids: Tensor, optics: DropOptics) -> Tensor:
    """The layer (B, 4, h, w) of :func:`.composite.composite` for drops of ``height`` (B, 1, h, w).

    Args:
        images: the scene, (B, 3, H, W).
        height: of the drops, in nodes.
        liquids: of each frame, (B or 1, 2, 3): absorption and colour, see :data:`LIQUIDS`.
        optics: see :class:`DropOptics`.
    """
    size = height.shape[-2], height.shape[-1]
    scene = to_coarse_grid(images, (max(size[0] // 4, 4), max(size[1] // 4, 4)))
    down, across = slopes(gaussian_blur(height, _SMOOTHING * optics.defocus, truncate=2.5))
    steepness = (down * down + across * across) * 0.25
    shading = 1.0 - optics.rim * steepness.clamp(max=1.0)
    ambient = to_frame(to_coarse_grid(scene.amax(1, keepdim=True), _AMBIENT_CELLS), size)
    away = ((down - _LAMP[0]).square() + (across - _LAMP[1]).square()) / _SPOT**2
    shine = (1.0 - away).clamp(min=0.0).square() * optics.gloss
    absorption, body = liquids[..., None, None].unbind(1)
    passed = torch.exp(-(absorption * (height / optics.radius)).double()).float()
    view = refracted(scene, down, across, optics.displacement) * passed
    colour = (view + body * ambient * (1.0 - passed)) * shading + shine * ambient
    opacity = (height / _EDGE).clamp(max=1.0)
    return gaussian_blur(torch.cat((opacity, colour * opacity), dim=1), optics.defocus, truncate=2.5)


def refracted(scene: Tensor, down: Tensor, across: Tensor, displacement: float) -> Tensor:
    """``scene`` (B, C, ...) seen through a surface of slopes (B, 1, h, w): displaced uphill, so inverted in a cap."""
    height, width = down.shape[-2:]
    shift = torch.cat((across * (displacement / width), down * (displacement / height)), dim=1)
    return remap(scene, identity_grid(height, width, down.device) + shift.permute(0, 2, 3, 1))
