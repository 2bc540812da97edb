"""The density of smoke that drifts from a source."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..kernels.fluid.field_noise import fractal_noise
from ..kernels.fluid.fluid import lattice_size, to_frame, to_lattice
from ..noise_source import Noise
from .exact import mean
from .lattice import SHORT_SIDE, Lattice

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
