"""Surgical smoke."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor

from robustbench_endo.corruptions.base import Category, CorruptedBatch, Corruption, Px
from robustbench_endo.corruptions.kernels.fluids.composite import veil
from robustbench_endo.corruptions.kernels.fluids.grid import frame_taps, lattice_size, to_frame, to_lattice
from robustbench_endo.corruptions.kernels.fluids.perlin import fractal_noise
from robustbench_endo.corruptions.occlusion.coarse_grid import SHORT_SIDE, Lattice, mean
from robustbench_endo.corruptions.occlusion.field_of_view import content_area
from robustbench_endo.corruptions.rng import Noise

_STRETCH = 1.7  # billows are longer along the drift

_WARP = 0.30  # how far the flow has carried the billows, in their own size

_BEND_CELL = 4.0  # cells between the nodes of the bends

_SPREAD = 0.45  # growth of the plume's half width along the drift

_NOZZLE = 0.13  # half width of the plume at the source, in short sides

_THICKEST = 4.0  # a plume is only so thick in front of the scope: densities level off here, in means


def plume(lattice: Lattice, scale: float, wisps: float, share: float, noise: Noise) -> tuple[Tensor, Tensor]:
    """Density, mean 1 over the frame, > 0, and the billows that shape it, about mean 0 and variance 1.

    Args:
        lattice: where.
        scale: size of the largest billows, in cells.
        wisps: standard deviation of the logarithm of the density.
        share: what part of the smoke is in the plume; the rest has spread over the frame.
        noise: draws the source, the drift and the billows.

    Returns:
        Two of (B, rows, columns).
    """
    along, across = _drift(lattice, noise)
    billows = _warped(along / _STRETCH, across, scale, noise)
    texture = (billows.double() * wisps).exp().float()
    cone = _cone(along, across)
    density = texture * ((1.0 - share) + cone * (share / mean(cone).clamp_min(0.02)))
    level = (density / mean(density)).clamp_max(64.0) / _THICKEST
    limited = level / (1.0 + level * level).sqrt()
    return limited / mean(limited), billows


def _cone(along: Tensor, across: Tensor) -> Tensor:
    """A plume that widens, thins out and starts softly at the source."""
    nozzle = _NOZZLE * SHORT_SIDE
    width = nozzle + _SPREAD * along.clamp_min(0.0)
    profile = (-(across / width).square()).double().exp().float()
    start = (along / (0.4 * SHORT_SIDE) + 0.5).clamp(0.0, 1.0)
    return profile * (start * start * (3.0 - 2.0 * start)) * (nozzle / width).sqrt()


def _drift(lattice: Lattice, noise: Noise) -> tuple[Tensor, Tensor]:
    """Position along and across the drift from the source, (B, rows, columns), in cells."""
    draw = noise.uniform((3, 1, 1), stream=0)
    x, y = lattice.coordinates(noise.device)
    # Cautery happens around the centre; warm smoke drifts mostly upwards in the picture.
    source_x, source_y = (draw[:, 0] - 0.5) * (0.6 * lattice.columns), (draw[:, 1] - 0.3) * (0.6 * lattice.rows)
    angle = ((draw[:, 2] - 0.5) * (1.3 * math.pi) - 0.5 * math.pi).double()
    cos, sin = angle.cos().float(), angle.sin().float()
    right, below = x - source_x, y - source_y
    return right * cos + below * sin, below * cos - right * sin


def _warped(along: Tensor, across: Tensor, scale: float, noise: Noise) -> Tensor:
    """Fractal noise at positions displaced by fractal noise: filaments and curls instead of clouds."""
    x, y = along / scale, across / scale
    # The bends are broad: they are drawn on a coarse lattice, and their positions, which are linear, are averaged.
    coarse = lattice_size(along.shape, _BEND_CELL)
    broad_x, broad_y = to_lattice(torch.stack((x, y), dim=1), coarse).unbind(1)
    bends = [fractal_noise(broad_x, broad_y, noise.uniform((256,), stream), octaves=2) for stream in (1, 2)]
    bend_x, bend_y = to_frame(torch.stack(bends, dim=1), along.shape).unbind(1)
    return fractal_noise(x + _WARP * bend_x, y + _WARP * bend_y, noise.uniform((256,), stream=3), octaves=5, gain=0.45)


_SCOPE_LIGHT = (0.90, 0.95, 1.0)  # xenon and LED light sources are bluish white

_FALLOFF = 0.45  # how much darker the corners of a scope's picture are

_TISSUE = 0.25  # share of the airlight that the smoke gets from the tissue around it

_BACKSCATTER = 0.07  # how much brighter billows are that lean towards the scope


@dataclass(frozen=True)
class Params:
    """One density of smoke.

    depth: optical depth beta * d, mean over the frame.
    wisps: standard deviation of the logarithm of the density; 0 is an even veil.
    plume: share of the smoke that is still in the plume rising from the source.
    scale: size of the largest billows.
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
    scope's own light, bluish, brightest in the centre and on the crests of the billows, tinted by the tissue around it.
    """

    name: ClassVar[str] = "smoke"
    category: ClassVar[Category] = "occlusion"
    cause: ClassVar[str] = "Plume of electrocautery, ultrasonic or laser dissection before it is evacuated."
    citation: ClassVar[str] = (
        "Scattering: Narasimhan & Nayar, IJCV 2002; wisps: Perlin, SIGGRAPH 2002, and Quilez's domain warping; "
        "in surgery: Chen et al., De-smokeGCN, IEEE TMI 2020."
    )

    severities: tuple[Params, ...] = (
        Params(0.25, wisps=0.70, plume=0.50, airlight=0.62),
        Params(0.55, wisps=0.62, plume=0.42, airlight=0.64),
        Params(0.95, wisps=0.55, plume=0.35, airlight=0.66),
        Params(1.55, wisps=0.48, plume=0.28, airlight=0.68),
        Params(2.40, wisps=0.40, plume=0.22, airlight=0.70),
    )

    def apply(self, images: Tensor, params: Params, noise: Noise) -> CorruptedBatch:
        fields = layers(images, params, noise)
        seen, opacity = veil(images, fields, *frame_taps(fields.shape, images.shape))
        return CorruptedBatch(seen, opacity=opacity)


def layers(images: Tensor, params: Params, noise: Noise) -> Tensor:
    """Opacity 1 - t, and airlight A (1 - t) of each channel, for :func:`.kernels.field_veil.veil`."""
    lattice = Lattice.of(images.shape[-2:])
    scene = to_lattice(images, lattice.size)
    density, billows = plume(lattice, params.scale * lattice.scale, params.wisps, params.plume, noise)
    transmission = (density.double() * -params.depth).exp().float()[:, None]
    opacity = (1.0 - transmission) * content_area(scene)
    airlight = _light(billows, lattice, params.airlight) * airlight_colour(scene)
    return torch.cat((opacity, airlight * opacity), dim=1)


def _light(billows: Tensor, lattice: Lattice, airlight: float) -> Tensor:
    """What the smoke sends back: the scope's beam, more of it from the crests of the billows; (B, 1, rows, columns)."""
    beam = 1.0 - _FALLOFF * lattice.radius(billows.device)
    return (airlight * beam * (1.0 + _BACKSCATTER * billows.clamp(-2.0, 2.0)))[:, None]


def airlight_colour(scene: Tensor) -> Tensor:
    """(B, 3, 1, 1): the scope's light, mixed with the hue of the lit tissue."""
    scope = torch.tensor(_SCOPE_LIGHT, device=scene.device)[None, :, None, None]
    tissue = mean(scene)
    hue = tissue / tissue.amax(1, keepdim=True).clamp_min(1e-3)
    return scope * (1.0 - _TISSUE) + scope * hue * _TISSUE
