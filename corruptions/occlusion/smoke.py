"""Surgical smoke."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.base import Category, CorruptedBatch, Corruption, Px
from robustbench_endo.corruptions.kernels.backend import Doubles
from robustbench_endo.corruptions.kernels.color.mean import deterministic_mean
from robustbench_endo.corruptions.kernels.device_tables import device_table
from robustbench_endo.corruptions.kernels.fluids.grid import (
    SHORT_SIDE,
    CoarseGrid,
    coarse_grid_size,
    fractal_spline_noise,
    frame_weights,
    to_coarse_grid,
    to_frame,
)
from robustbench_endo.corruptions.kernels.fluids.perlin import fractal_perlin_noise
from robustbench_endo.corruptions.kernels.fluids.scatter import scatter
from robustbench_endo.corruptions.kernels.host_values import upload
from robustbench_endo.corruptions.rng import Noise

_SOURCE, _WARP_X, _WARP_Y, _BILLOWS, _VEIL, _LIGHT, _BRIGHTNESS, _HUE = 0, 1, 2, 3, 8, 12, 13, 14  # streams

_STRETCH = 1.4  # billows are longer along the drift

_WARP = 0.05  # displacement of the billows by the flow, as a share of their size: more draws ribbons

_GAIN = 0.75  # amplitude of an octave of the billows relative to the one before: less is too smooth

_BILLOWS_SHARE, _VEIL_SHARE = 0.8, 0.7  # of the billows, and of the uneven veil, in the logarithm of the density

_WARP_CELL = 4.0  # nodes of the coarse grid between the nodes of the warp

_VEIL_CELL = 0.55  # distance of the nodes of the uneven veil, as a share of the short side

_WIDENING = 0.45  # growth of the half width of the plume along the drift

_NOZZLE = 0.20  # half width of the plume at the source, as a share of the short side

_LIMIT = 2.4  # density, in means, at which it levels off: a plume has a limited thickness

_FALLOFF = 0.15  # loss of light in the corners of the frame

_GLARE_RADIUS = 0.45  # standard deviation of the haze near the light of the scope, as a share of the short side

_LIGHT_SPREAD = 0.10  # standard deviation of the brightness of the airlight between frames

_RELIEF = 0.03  # additional brightness of billows that lean towards the scope: dense smoke is not flat

_HUE_SPREAD = 0.03  # the same for the share of green


@dataclass(frozen=True)
class SmokeParams:
    """Parameters of :class:`Smoke`.

    Attributes:
        depth: optical depth beta * d of red, mean over the frame.
        green_depth: optical depth of green over that of red.
        blue_depth: optical depth of blue over that of red.
        wisps: standard deviation of the logarithm of the density; 0 is a smooth veil.
        plume: share of the smoke that is still in the plume rising from the source.
        scale: size of the largest billows, in pixels.
        airlight: brightness of dense smoke in red, at the centre of the frame.
        green_airlight: brightness of dense smoke in green, over that in red.
        blue_airlight: brightness of dense smoke in blue, over that in red.
        glare: additional brightness of the smoke in front of the light of the scope.
    """

    depth: Annotated[float, "optical depth"]
    green_depth: Annotated[float, "times"] = 1.2
    blue_depth: Annotated[float, "times"] = 1.22
    wisps: Annotated[float, "log density"] = 0.36
    plume: Annotated[float, "share"] = 0.38
    scale: Px = 110.0
    airlight: Annotated[float, "value"] = 0.92
    green_airlight: Annotated[float, "times"] = 0.9
    blue_airlight: Annotated[float, "times"] = 0.99
    glare: Annotated[float, "share"] = 0.12


@dataclass(frozen=True)
class Smoke(Corruption):
    """The atmospheric scattering model in each colour, I = J t + A (1 - t) with t = exp(-beta d).

    The optical depth is largest in blue and smallest in red, as that of particles smaller than the wavelength. The
    density is an uneven veil and a plume that drifts from a cautery point, both with the texture of fractal noise; the
    airlight A is a pinkish white, brightest in front of the light of the scope. The pattern of a frame does not depend
    on the severity: its smoke thickens. Colours and texture were fitted to four sequences of real da Vinci frames
    without and with smoke, in gamma-encoded values, which the model fits better than linear light. The lightness of
    real frames rises by about as much as at severities 2 and 3, that of the densest tenth as at severity 4.

    >>> Smoke().severities[2].depth, Smoke().severities[2].airlight
    (0.32, 0.92)
    """

    name: ClassVar[str] = "smoke"
    category: ClassVar[Category] = "occlusion"
    cause: ClassVar[str] = "Plume of electrocautery, ultrasonic or laser dissection before it is evacuated."
    citation: ClassVar[str] = (
        "Scattering: Narasimhan & Nayar, IJCV 2002; wisps: Perlin, SIGGRAPH 2002, and Quilez's domain warping; "
        "in surgery: Chen et al., De-smokeGCN, IEEE TMI 2020."
    )

    severities: tuple[SmokeParams, ...] = tuple(SmokeParams(depth) for depth in (0.10, 0.19, 0.32, 0.52, 1.00))

    def apply(self, images: Tensor, params: SmokeParams, noise: Noise) -> CorruptedBatch:
        """``images`` t + A (1 - t)."""
        medium = smoke_medium(CoarseGrid.of(images.shape[-2:]), params, noise)
        weights = frame_weights(medium.shape, images.shape)
        (colour,) = upload((airlight_colour(params, noise.host),), images.device)
        corrupted, opacity = scatter(images, medium, colour, *weights)
        return CorruptedBatch(corrupted, opacity=opacity)


def smoke_medium(grid: CoarseGrid, params: SmokeParams, noise: Noise) -> Tensor:
    """Cover 1 - t of red, green and blue, and brightness of the airlight, (B, 4, rows, columns)."""
    density, billows = smoke_density(grid, params.scale * grid.scale, params.wisps, params.plume, noise)
    depths = device_table(_negative_depths, noise.device, params.depth, params.green_depth, params.blue_depth)
    cover = 1.0 - (density[:, None].double() * depths).exp().float()
    light = smoke_light(grid, params.glare, noise) * (1.0 + _RELIEF * billows.clamp(-2.0, 2.0))
    return torch.cat((cover, light[:, None]), dim=1)


def _negative_depths(depth: float, green: float, blue: float) -> Doubles:
    return np.array([1.0, green, blue])[:, None, None] * -depth


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
    veil = fractal_spline_noise(noise, grid.size, _VEIL_CELL * SHORT_SIDE, 2, _VEIL)[:, 0]
    texture = ((_BILLOWS_SHARE * billows + _VEIL_SHARE * veil).double() * wisps).exp().float()
    cone = _plume_profile(along, across)
    density = texture * ((1.0 - plume) + cone * (plume / deterministic_mean(cone).clamp_min(0.05)))
    level = (density / deterministic_mean(density)).clamp_max(64.0) / _LIMIT
    limited = level / (1.0 + level * level).sqrt()
    return limited / deterministic_mean(limited), billows


def smoke_light(grid: CoarseGrid, glare: float, noise: Noise) -> Tensor:
    """Brightness of the airlight, (B, rows, columns), about 1: more in front of the light, less in the corners.

    Args:
        grid: grid of the result.
        glare: additional brightness in front of the light of the scope, which is near the bottom of the frame.
        noise: source of the position of the light and of the brightness of the frame.
    """
    draw = noise.host.uniform((2, 1, 1), _LIGHT)
    centre = (draw[:, 0] - 0.5) * (0.6 * grid.columns), draw[:, 1] * (0.45 * grid.rows)
    brightness = 1.0 + _LIGHT_SPREAD * noise.host.normal((1, 1), _BRIGHTNESS).clamp(-1.5, 1.5)
    centre_x, centre_y, gain = upload((*centre, brightness), noise.device)
    x, y = grid.coordinates(noise.device)
    right, below = x - centre_x, y - centre_y
    radius = _GLARE_RADIUS * SHORT_SIDE
    spot = (-(right * right + below * below) / (2 * radius * radius)).double().exp().float()
    return (1.0 - _FALLOFF * grid.squared_radius(noise.device) + glare * spot) * gain


def airlight_colour(params: SmokeParams, noise: Noise) -> Tensor:
    """Colour of the airlight at the centre of the frame, (B, 3): it differs a little between frames."""
    spread = _HUE_SPREAD * noise.normal((1,), _HUE).clamp(-1.5, 1.5)
    shares = (torch.ones_like(spread), params.green_airlight + spread, params.blue_airlight + 0.5 * spread)
    return torch.cat(shares, dim=1) * params.airlight


def _drift_coordinates(grid: CoarseGrid, noise: Noise) -> tuple[Tensor, Tensor]:
    """Position along and across the drift, from the source, (B, rows, columns), in nodes."""
    draw = noise.host.uniform((3, 1, 1), _SOURCE)
    # Cautery happens around the centre; warm smoke drifts mostly upwards in the image.
    source = (draw[:, 0] - 0.5) * (0.6 * grid.columns), (draw[:, 1] - 0.4) * (0.6 * grid.rows)
    angle = ((draw[:, 2] - 0.5) * (1.3 * math.pi) - 0.5 * math.pi).double()
    source_x, source_y, cos, sin = upload((*source, angle.cos().float(), angle.sin().float()), noise.device)
    x, y = grid.coordinates(noise.device)
    right, below = x - source_x, y - source_y
    return right * cos + below * sin, below * cos - right * sin


def _warped_noise(along: Tensor, across: Tensor, scale: float, noise: Noise) -> Tensor:
    """Fractal noise of about unit variance at positions displaced by fractal noise."""
    x, y = along / scale, across / scale
    # The warp is smooth: it is drawn on a coarser grid, and its positions, which are linear, are averaged.
    coarse = coarse_grid_size(along.shape, _WARP_CELL)
    coarse_x, coarse_y = to_coarse_grid(torch.stack((x, y), dim=1), coarse).unbind(1)
    tables = (noise.uniform((256,), stream) for stream in (_WARP_X, _WARP_Y))
    warp = torch.stack([fractal_perlin_noise(coarse_x, coarse_y, table, octaves=2) for table in tables], dim=1)
    warp_x, warp_y = to_frame(warp, along.shape).unbind(1)
    table = noise.uniform((256,), _BILLOWS)
    return fractal_perlin_noise(x + _WARP * warp_x, y + _WARP * warp_y, table, octaves=5, gain=_GAIN)


def _plume_profile(along: Tensor, across: Tensor) -> Tensor:
    """A plume that widens, thins out and starts softly at the source."""
    nozzle = _NOZZLE * SHORT_SIDE
    width = nozzle + _WIDENING * along.clamp_min(0.0)
    profile = (-(across / width).square()).double().exp().float()
    start = (along / (0.7 * SHORT_SIDE) + 0.5).clamp(0.0, 1.0)
    return profile * (start * start * (3.0 - 2.0 * start)) * (nozzle / width)
