"""Bleeding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.base import Category, CorruptedBatch, Corruption, Px
from robustbench_endo.corruptions.kernels.fluids.composite import composite
from robustbench_endo.corruptions.kernels.fluids.droplets import trail_heights
from robustbench_endo.corruptions.kernels.fluids.grid import (
    coarse_brightness,
    coarse_grid_size,
    fractal_spline_noise,
    frame_weights,
    illumination,
    local_mean,
    spline_noise,
    to_coarse_grid,
    to_frame,
)
from robustbench_endo.corruptions.kernels.fluids.lens_drops import (
    BLOOD,
    DropOptics,
    LensDrops,
    lens_drop_heights,
    lens_layer,
)
from robustbench_endo.corruptions.kernels.fluids.optics import beer_lambert, specular
from robustbench_endo.corruptions.kernels.host_values import constant, upload
from robustbench_endo.corruptions.kernels.interpolation.remap import identity_grid, remap
from robustbench_endo.corruptions.rng import Noise

# Streams; fractal noise takes one per octave.
_DIRECTION, _RUNS, _WARP_DOWN, _WARP_ACROSS, _POOLS, _RIPPLES, _PATCHES, _DROPS = 0, 1, 2, 4, 6, 12, 14, 16

_DROP_NODE = 2  # nodes of the coarse grid per node of that of the drops on the lens, which are out of focus

_DISPLACEMENT, _RIM, _GLOSS = 64.0, 0.5, 0.4  # of the drops, see Spatter; in nodes of the coarse grid, and shares

_BODY = (0.15, 0.065, 0.05)  # colour that thick blood scatters back: deep blood is dark

_METAL_CELL = 4  # nodes over which the colour is averaged before metal is recognised

_METAL_SATURATION = 0.15, 0.35  # saturation up to which all is metal, and from which nothing is

_FOLD_CELLS = 4, 24  # nodes over which a fold, and its surroundings, are averaged

_RIPPLE_SPACING = 11.0  # nodes of the coarse grid between the nodes of the ripples

_PATCH_SPACING = 40.0  # the same for the glossy patches of a pool

_NOISE_SLOPE = 0.146  # standard deviation, along an axis, of the slope of the noise of the ripples

_POOL_GAIN = 0.65  # amplitude of an octave of the pool field relative to the one before: more frays the shores

_RUN_RISE = 1.8  # rise of the pool field along a run, in its standard deviations: it flows where tissue lets it

_SHELF = 0.9  # level above the shore, in standard deviations of the pool field, at which half of the depth is reached


@dataclass(frozen=True)
class BleedingParams:
    """Parameters of :class:`Bleeding`.

    Attributes:
        coverage: share of the frame that is covered by pools, runs and drops.
        drops: number of drops on the lens; a fraction is the share of the area of the last one.
        runs: number of runs (blood that flows down the scene).
        radius: radius of the largest drop on the lens, in pixels.
        defocus: standard deviation of the Gaussian that blurs the drops on the lens, in pixels.
        width: largest radius of the strip that a run may cover, in pixels; the scene and the noise decide how much.
        length: length of the longest run, in pixels.
        pool: size of the pools, in pixels.
        depth: depth of a pool far from its shore, in pixels.
        settling: how strongly dark folds of the scene attract the blood, in standard deviations of the pool field.
        metal: how strongly metal repels the blood, in standard deviations of the pool field.
        warp: displacement of the outlines, in pixels.
        red: absorption of red, per pixel of thickness.
        green: absorption of green, per pixel of thickness.
        blue: absorption of blue, per pixel of thickness.
        scatter: factor of the light that thick blood scatters back.
        gloss: strength of the highlights, as a share of the light.
        relief: slope of the surface where the thickness grows by one pixel per pixel.
        ripples: standard deviation of the slope of a wet surface.
        rim: share of the light that is lost on the steep edge.
        unit: side of one node of the coarse grid, in pixels.
    """

    coverage: Annotated[float, "share of the frame"]
    drops: Annotated[float, "count"]
    runs: Annotated[int, "count"]
    radius: Px = 24.0
    defocus: Px = 2.8
    width: Px = 10.0
    length: Px = 110.0
    pool: Px = 90.0
    depth: Px = 9.0
    settling: Annotated[float, "standard deviations"] = 5.0
    metal: Annotated[float, "standard deviations"] = 3.0
    warp: Px = 5.0
    red: Annotated[float, "1/px"] = 0.11
    green: Annotated[float, "1/px"] = 0.65
    blue: Annotated[float, "1/px"] = 0.6
    scatter: Annotated[float, "share of the light"] = 1.0
    gloss: Annotated[float, "share of the light"] = 0.8
    relief: Annotated[float, "slope"] = 0.5
    ripples: Annotated[float, "slope"] = 0.3
    rim: Annotated[float, "share of the light"] = 0.35
    unit: Px = 1.0


@dataclass(frozen=True)
class Bleeding(Corruption):
    """Pools, runs and drops of blood, absorbing by Beer-Lambert and lit by the light of the scene.

    Pools and runs lie on the scene and are one field, so that runs have the frayed outline of pools, spread in folds
    and break off on ridges; drops lie on the lens, out of focus. Haemoglobin absorbs green and blue many times faster
    than red: a film is a translucent bright red, a pool dark red. Blood leaves metal, recognised by its low saturation,
    mostly free. Runs and drops of a severity are among those of the next. The colour of pools is that of blood in real
    laparoscopy (EndoVis 2015, OP3; medians of red, green and blue 0.30, 0.07 and 0.05).

    >>> params = Bleeding().severities[2]
    >>> params.coverage, params.drops, params.runs
    (0.18, 3.0, 5)
    """

    name: ClassVar[str] = "bleeding"
    category: ClassVar[Category] = "occlusion"
    cause: ClassVar[str] = "A bleeding vessel floods the field; droplets of blood land on the distal lens."
    citation: ClassVar[str] = (
        "EndoARSS (arXiv 2506.06830); Jacques, Phys. Med. Biol. 58 (2013) for absorption by blood."
    )

    severities: tuple[BleedingParams, ...] = (
        BleedingParams(0.04, 1.0, 2),
        BleedingParams(0.10, 2.0, 3),
        BleedingParams(0.18, 3.0, 5),
        BleedingParams(0.28, 5.0, 6),
        BleedingParams(0.40, 7.0, 7),
    )

    def apply(self, images: Tensor, params: BleedingParams, noise: Noise) -> CorruptedBatch:
        """Blood on the scene and drops on the lens on a coarse grid, as one layer composited over ``images``."""
        layer = blood_layer(images, params, noise)
        corrupted, opacity = composite(images, layer, *frame_weights(layer.shape, images.shape))
        return CorruptedBatch(corrupted, opacity=opacity)


def blood_layer(images: Tensor, params: BleedingParams, noise: Noise) -> Tensor:
    """Blood on the scene, and drops on the lens in front of it: (B, 7, h, w), see :func:`.composite.composite`."""
    size = coarse_grid_size(images.shape, params.unit)
    brightness = coarse_brightness(images, size)
    drops = drop_layer(images, size, params, noise)
    thickness = blood_thickness(brightness, metal_share(images, size), drops[:, :1], params, noise)
    gloss, dimming = surface_gloss(thickness, params, noise)
    ambient = illumination(brightness)
    absorption = (params.red, params.green, params.blue)
    body = [params.scatter * value for value in _BODY]
    layer = beer_lambert(thickness, dimming, torch.cat((ambient, gloss * ambient), dim=1), absorption, body)
    return in_front(drops, layer)


def drop_layer(images: Tensor, size: tuple[int, int], params: BleedingParams, noise: Noise) -> Tensor:
    """Opacity and light of the drops on the lens, (B, 4, h, w) on a grid of ``size``."""
    node = _DROP_NODE * params.unit
    drops = LensDrops(params.drops, params.radius / node, 0.4 * params.warp / node, _DROPS)
    height = lens_drop_heights(drops, coarse_grid_size(size, _DROP_NODE), noise)
    optics = DropOptics(_DISPLACEMENT / _DROP_NODE, params.defocus / node, _RIM, _GLOSS, params.radius / node)
    return to_frame(lens_layer(images, height, constant((BLOOD,), images.device), optics), size)


def in_front(drops: Tensor, layer: Tensor) -> Tensor:
    """The ``drops`` (B, 4, h, w) in front of a layer (B, 7, h, w) of :func:`.composite.composite`: of 7 channels."""
    hidden = drops[:, :1]
    covered = layer * (1.0 - hidden)
    covered[:, :4] += hidden
    covered[:, 4:] += drops[:, 1:]
    return covered


def blood_thickness(brightness: Tensor, metal: Tensor, drops: Tensor, params: BleedingParams, noise: Noise) -> Tensor:
    """Thickness of the blood on the scene, in nodes: (B, 1, h, w) >= 0.

    Args:
        brightness: of the scene, (B, 1, h, w).
        metal: :func:`metal_share` of the scene, (B, 1, h, w).
        drops: opacity of the drops on the lens, (B, 1, h, w), which counts as covered.
        params: of the severity.
        noise: source of the random numbers.
    """
    size = brightness.shape[-2], brightness.shape[-1]
    spacing = 4.0 * params.warp / params.unit
    warp = [fractal_spline_noise(noise, size, spacing, 2, stream) for stream in (_WARP_DOWN, _WARP_ACROSS)]
    displacement = torch.cat(warp, dim=1) * (params.warp / params.unit * 0.5)
    towards = flow_direction(noise.host)
    direction, trails = upload((towards, runs(size, params, noise.host, towards)), noise.device)
    course = trail_heights(trails, displacement) * (params.unit / params.width)
    blood = pool_field(size, params, noise, direction, displacement) + _RUN_RISE * course.clamp(max=1.0)
    blood = blood + params.settling * fold_depth(brightness) - params.metal * metal
    above = (blood - shore_level(blood, drops, params.coverage)).clamp(min=0.0)
    return above * (params.depth / params.unit) / (above + _SHELF)


def flow_direction(noise: Noise) -> Tensor:
    """Direction in which the blood flows, (B, 2): (down, across), of unit length."""
    angle = 2.0 * np.pi * noise.uniform((1,), _DIRECTION).double()
    return torch.cat((angle.sin(), angle.cos()), dim=1).float()


def runs(size: tuple[int, int], params: BleedingParams, noise: Noise, direction: Tensor) -> Tensor:
    """The runs of each image as (B, K, 10), see :mod:`.kernels.fluids.droplets`; more are added to fewer."""
    draw = noise.uniform((params.runs, 8), _RUNS)
    head = params.width / params.unit * (0.45 + 0.55 * draw[..., 2])
    reach = params.length / params.unit * (0.3 + 0.7 * draw[..., 3])
    swing = reach * 0.2 * (draw[..., 4] - 0.5)
    lean = (draw[..., 7] - 0.5) * 0.5
    down, across = direction[:, :1] + lean * direction[:, 1:], direction[:, 1:] - lean * direction[:, :1]
    norm = (down * down + across * across).sqrt()
    row, column = draw[..., 0] * size[0], draw[..., 1] * size[1]
    windings, phase = 1.0 + 2.0 * draw[..., 5], draw[..., 6]
    shape = (reach, head, head * 0.6, swing, windings, phase)
    return torch.stack((row, column, down / norm, across / norm, *shape), dim=-1)


def pool_field(
    size: tuple[int, int], params: BleedingParams, noise: Noise, direction: Tensor, displacement: Tensor
) -> Tensor:
    """Where pools form: low-frequency noise with a warped outline, higher in the direction of the flow."""
    field = fractal_spline_noise(noise, size, params.pool / params.unit, 5, _POOLS, gain=_POOL_GAIN)
    grid = identity_grid(*size, field.device)
    per_node = constant((2.0 / size[1], 2.0 / size[0]), field.device)
    field = remap(field, grid + displacement.flip(1).permute(0, 2, 3, 1) * per_node)
    down, across = direction[:, :1, None, None], direction[:, 1:, None, None]
    return field + 0.5 * (grid[None, ..., 0, :, :, 1] * down + grid[None, ..., 0, :, :, 0] * across)


def shore_level(pool: Tensor, covered: Tensor, coverage: float) -> Tensor:
    """The level (B, 1, 1, 1) of the pools at which pools, runs and drops together cover ``coverage`` of the frame."""
    flat = torch.where(covered > 0, torch.inf, pool).flatten(1)
    count = min(round(coverage * flat.shape[1]) + 1, flat.shape[1])
    # Not kthvalue, which is not deterministic on CUDA.
    level = flat.topk(count, dim=1, sorted=False).values.amin(1)
    return torch.minimum(level, pool.flatten(1).amax(1))[:, None, None, None]


def metal_share(images: Tensor, size: tuple[int, int]) -> Tensor:
    """How much each node of a grid of ``size`` looks like metal, by its low saturation: (B, 1, h, w) in [0, 1]."""
    height, width = (max(side // _METAL_CELL, 4) for side in size)
    colour = to_coarse_grid(images, (height, width))
    largest, smallest = colour.amax(1, keepdim=True), colour.amin(1, keepdim=True)
    low, high = _METAL_SATURATION
    saturation = (largest - smallest) / largest.clamp(min=0.05)
    return to_frame(((high - saturation) / (high - low)).clamp(0.0, 1.0), size)


def fold_depth(brightness: Tensor) -> Tensor:
    """How much darker each node is than its surroundings: (B, 1, h, w), about -1 to 1."""
    fine, wide = (local_mean(brightness, cell) for cell in _FOLD_CELLS)
    return wide - fine


def surface_gloss(thickness: Tensor, params: BleedingParams, noise: Noise) -> tuple[Tensor, Tensor]:
    """Light mirrored by the wet surface, and light transmitted by its steep rim, each (B, 1, h, w) in [0, 1]."""
    size = thickness.shape[-2], thickness.shape[-1]
    ripples = fractal_spline_noise(noise, size, _RIPPLE_SPACING, 2, _RIPPLES) * (params.ripples / _NOISE_SLOPE)
    patches = spline_noise(noise, size, _PATCH_SPACING, _PATCHES).clamp(0.0, 1.0)
    highlight, steepness = specular(thickness, ripples, params.relief)
    return highlight * (0.15 + 0.85 * patches) * params.gloss, 1.0 - params.rim * steepness
