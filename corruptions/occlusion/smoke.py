"""Surgical smoke."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor

from robustbench_endo.corruptions.base import Category, CorruptedBatch, Corruption, Px
from robustbench_endo.corruptions.kernels.color.mean import deterministic_mean
from robustbench_endo.corruptions.kernels.fluids.composite import composite
from robustbench_endo.corruptions.kernels.fluids.grid import (
    SHORT_SIDE,
    CoarseGrid,
    coarse_grid_size,
    frame_weights,
    to_coarse_grid,
    to_frame,
)
from robustbench_endo.corruptions.kernels.fluids.perlin import fractal_perlin_noise
from robustbench_endo.corruptions.occlusion.field_of_view import field_of_view_mask
from robustbench_endo.corruptions.rng import Noise

_SOURCE, _WARP_X, _WARP_Y, _BILLOWS = 0, 1, 2, 3  # streams

_STRETCH = 1.7  # billows are longer along the drift

_WARP = 0.30  # displacement of the billows by the flow, as a share of their size

_WARP_CELL = 4.0  # nodes of the coarse grid between the nodes of the warp

_WIDENING = 0.45  # growth of the half width of the plume along the drift

_NOZZLE = 0.13  # half width of the plume at the source, as a share of the short side

_SATURATION = 4.0  # density, in means, at which it levels off: a plume has a limited thickness

_SCOPE_LIGHT = (0.90, 0.95, 1.0)  # xenon and LED light sources are bluish white

_FALLOFF = 0.45  # loss of light in the corners of the frame

_TISSUE = 0.25  # share of the airlight that comes from the surrounding tissue

_BACKSCATTER = 0.07  # additional brightness of billows that lean towards the scope


@dataclass(frozen=True)
class SmokeParams:
    """Parameters of :class:`Smoke`.

    Attributes:
        depth: optical depth beta * d, mean over the frame.
        wisps: standard deviation of the logarithm of the density; 0 is a uniform veil.
        plume: share of the smoke that is still in the plume rising from the source.
        scale: size of the largest billows, in pixels.
        airlight: brightness of dense smoke at the centre of the frame.
    """

    depth: Annotated[float, "optical depth"]
    wisps: Annotated[float, "log density"] = 0.55
    plume: Annotated[float, "share"] = 0.35
    scale: Px = 110.0
    airlight: Annotated[float, "value"] = 0.72


@dataclass(frozen=True)
class Smoke(Corruption):
    """The atmospheric scattering model, I = J t + A (1 - t) with t = exp(-beta d).

    The density is domain-warped fractal noise around a plume that drifts from a cautery point; the airlight A is the
    light of the scope, bluish, brightest in the centre and on the crests of the billows, tinted by the tissue around.

    >>> Smoke().severities[2]
    SmokeParams(depth=0.95, wisps=0.55, plume=0.35, scale=110.0, airlight=0.66)
    """

    name: ClassVar[str] = "smoke"
    category: ClassVar[Category] = "occlusion"
    cause: ClassVar[str] = "Plume of electrocautery, ultrasonic or laser dissection before it is evacuated."
    citation: ClassVar[str] = (
        "Scattering: Narasimhan & Nayar, IJCV 2002; wisps: Perlin, SIGGRAPH 2002, and Quilez's domain warping; "
        "in surgery: Chen et al., De-smokeGCN, IEEE TMI 2020."
    )

    severities: tuple[SmokeParams, ...] = (
        SmokeParams(0.25, wisps=0.70, plume=0.50, airlight=0.62),
        SmokeParams(0.55, wisps=0.62, plume=0.42, airlight=0.64),
        SmokeParams(0.95, wisps=0.55, plume=0.35, airlight=0.66),
        SmokeParams(1.55, wisps=0.48, plume=0.28, airlight=0.68),
        SmokeParams(2.40, wisps=0.40, plume=0.22, airlight=0.70),
    )

    def apply(self, images: Tensor, params: SmokeParams, noise: Noise) -> CorruptedBatch:
        """``images`` t + A (1 - t)."""
        grid = CoarseGrid.of(images.shape[-2:])
        scene = to_coarse_grid(images, grid.size)
        density, billows = smoke_density(grid, params.scale * grid.scale, params.wisps, params.plume, noise)
        transmission = (density.double() * -params.depth).exp().float()[:, None]
        opacity = (1.0 - transmission) * field_of_view_mask(scene)
        airlight = _light(billows, grid, params.airlight) * airlight_colour(scene)
        layer = torch.cat((opacity, airlight * opacity), dim=1)
        corrupted, opacity = composite(images, layer, *frame_weights(layer.shape, images.shape))
        return CorruptedBatch(corrupted, opacity=opacity)


def smoke_density(grid: CoarseGrid, scale: float, wisps: float, plume: float, noise: Noise) -> tuple[Tensor, Tensor]:
    """Density of the smoke, and the billows that shape it.

    Args:
        grid: grid of the result.
        scale: size of the largest billows, in nodes.
        wisps: standard deviation of the logarithm of the density.
        plume: share of the smoke in the plume; the rest has spread over the frame.
        noise: source of the position of the cautery point, the drift and the billows.

    Returns:
        Two of (B, rows, columns): the density, > 0, of mean 1 over the frame; the billows, of about mean 0 and
        variance 1.
    """
    along, across = _drift_coordinates(grid, noise)
    billows = _warped_noise(along / _STRETCH, across, scale, noise)
    texture = (billows.double() * wisps).exp().float()
    cone = _plume_profile(along, across)
    density = texture * ((1.0 - plume) + cone * (plume / deterministic_mean(cone).clamp_min(0.02)))
    level = (density / deterministic_mean(density)).clamp_max(64.0) / _SATURATION
    limited = level / (1.0 + level * level).sqrt()
    return limited / deterministic_mean(limited), billows


def _drift_coordinates(grid: CoarseGrid, noise: Noise) -> tuple[Tensor, Tensor]:
    """Position along and across the drift, from the source, (B, rows, columns), in nodes."""
    draw = noise.uniform((3, 1, 1), _SOURCE)
    x, y = grid.coordinates(noise.device)
    # Cautery happens around the centre; warm smoke drifts mostly upwards in the image.
    source_x, source_y = (draw[:, 0] - 0.5) * (0.6 * grid.columns), (draw[:, 1] - 0.3) * (0.6 * grid.rows)
    angle = ((draw[:, 2] - 0.5) * (1.3 * math.pi) - 0.5 * math.pi).double()
    cos, sin = angle.cos().float(), angle.sin().float()
    right, below = x - source_x, y - source_y
    return right * cos + below * sin, below * cos - right * sin


def _warped_noise(along: Tensor, across: Tensor, scale: float, noise: Noise) -> Tensor:
    """Fractal noise at positions displaced by fractal noise: filaments and curls instead of clouds."""
    x, y = along / scale, across / scale
    # The warp is smooth: it is drawn on a coarser grid, and its positions, which are linear, are averaged.
    coarse = coarse_grid_size(along.shape, _WARP_CELL)
    coarse_x, coarse_y = to_coarse_grid(torch.stack((x, y), dim=1), coarse).unbind(1)
    tables = (noise.uniform((256,), stream) for stream in (_WARP_X, _WARP_Y))
    warp = torch.stack([fractal_perlin_noise(coarse_x, coarse_y, table, octaves=2) for table in tables], dim=1)
    warp_x, warp_y = to_frame(warp, along.shape).unbind(1)
    table = noise.uniform((256,), _BILLOWS)
    return fractal_perlin_noise(x + _WARP * warp_x, y + _WARP * warp_y, table, octaves=5, gain=0.45)


def _plume_profile(along: Tensor, across: Tensor) -> Tensor:
    """A plume that widens, thins out and starts softly at the source."""
    nozzle = _NOZZLE * SHORT_SIDE
    width = nozzle + _WIDENING * along.clamp_min(0.0)
    profile = (-(across / width).square()).double().exp().float()
    start = (along / (0.4 * SHORT_SIDE) + 0.5).clamp(0.0, 1.0)
    return profile * (start * start * (3.0 - 2.0 * start)) * (nozzle / width).sqrt()


def _light(billows: Tensor, grid: CoarseGrid, airlight: float) -> Tensor:
    """Brightness of the airlight (B, 1, rows, columns): the beam of the scope, more on the crests of the billows."""
    beam = 1.0 - _FALLOFF * grid.squared_radius(billows.device)
    return (airlight * beam * (1.0 + _BACKSCATTER * billows.clamp(-2.0, 2.0)))[:, None]


def airlight_colour(scene: Tensor) -> Tensor:
    """Colour of the airlight (B, 3, 1, 1): the light of the scope, mixed with the hue of the lit tissue."""
    scope = torch.tensor(_SCOPE_LIGHT, device=scene.device)[None, :, None, None]
    tissue = deterministic_mean(scene)
    hue = tissue / tissue.amax(1, keepdim=True).clamp_min(1e-3)
    return scope * (1.0 - _TISSUE) + scope * hue * _TISSUE
