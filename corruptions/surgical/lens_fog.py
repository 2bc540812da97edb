"""Fog on the distal lens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor

from robustbench_endo.corruptions.base import Category, CorruptedBatch, Corruption, Px
from robustbench_endo.corruptions.kernels.fluids.grid import (
    CoarseGrid,
    fractal_spline_noise,
    local_mean,
    spline_noise,
    to_coarse_grid,
    to_frame,
)
from robustbench_endo.corruptions.rng import Noise
from robustbench_endo.corruptions.surgical.blur import blurred
from robustbench_endo.corruptions.surgical.light import to_light, to_values

_PATCHES, _DROPLETS, _CENTRE = 0, 8, 9  # streams
_PATCH, _DROPLET = 56.0, 2.2  # nodes between random nodes of the patches, and of the fine droplets
_EDGE = 0.35  # width of the border of the fog, in units of the field that is compared with the coverage
_VEIL_CELL = 96  # nodes over which a fogged lens mixes the light of the scene
_WHITE = 0.4  # share of white light in the veil: fog scatters the lamp, not the tissue only


@dataclass(frozen=True)
class LensFogParams:
    """Parameters of :class:`LensFog`.

    Attributes:
        coverage: share of the way from a clear lens to one that is fogged up to the centre.
        veil: share of the light of the scene that a fogged spot scatters over the frame.
        blur: standard deviation of the blur behind the fog, in pixels.
    """

    coverage: Annotated[float, "share"]
    veil: Annotated[float, "share of the light"]
    blur: Px


@dataclass(frozen=True)
class LensFog(Corruption):
    """Condensation that grows from the rim and in patches: blur, a veil of scattered light, and fine droplets.

    >>> LensFog().severities[2]
    LensFogParams(coverage=0.6, veil=0.55, blur=2.4)
    """

    name: ClassVar[str] = "lens_fog"
    category: ClassVar[Category] = "occlusion"
    cause: ClassVar[str] = "A cold scope in the warm, humid abdomen: water condenses on the distal lens."
    citation: ClassVar[str] = "Manning et al., Surgical Endoscopy 32(3), 2018 (laparoscopic lens fogging)."
    bounded: ClassVar[bool] = True

    severities: tuple[LensFogParams, ...] = (
        LensFogParams(0.25, 0.35, 1.2),
        LensFogParams(0.42, 0.45, 1.8),
        LensFogParams(0.60, 0.55, 2.4),
        LensFogParams(0.80, 0.65, 3.2),
        LensFogParams(1.00, 0.75, 4.2),
    )

    def apply(self, images: Tensor, params: LensFogParams, noise: Noise) -> CorruptedBatch:
        """In linear light: scene, towards blurred scene by the fog, towards the scattered light by veil x fog."""
        grid = CoarseGrid.of(images.shape[-2:])
        light = to_light(images)
        fog = to_frame(_fog(grid, params.coverage, noise), images.shape)
        scattered = local_mean(to_coarse_grid(light, grid.size), _VEIL_CELL)
        scattered = scattered + (scattered.amax(1, keepdim=True) - scattered) * _WHITE + 0.03
        droplets = (1.0 + 0.07 * spline_noise(noise, grid.size, _DROPLET, _DROPLETS)).clamp_(0.6, 1.4)
        veil = to_frame(scattered * droplets, images.shape)
        cover = fog * params.veil
        result = torch.lerp(light, blurred(light, params.blur), fog)
        return CorruptedBatch(to_values(torch.lerp(result, veil, cover)), opacity=cover.clamp(0.0, 1.0))


def _fog(grid: CoarseGrid, coverage: float, noise: Noise) -> Tensor:
    """How dense the fog is at each node, 0 to 1: (B, 1, h, w)."""
    x, y = grid.coordinates(noise.device)
    shift = noise.uniform((2, 1, 1), _CENTRE).sub_(0.5).mul_(0.5 * min(grid.size))
    x, y = x[None] - shift[:, :1], y[None] - shift[:, 1:]
    radius = (x * x + y * y) / ((grid.columns**2 + grid.rows**2) / 4.0)
    patches = fractal_spline_noise(noise, grid.size, _PATCH, 4, _PATCHES)
    field = radius.sqrt() + 0.16 * patches
    edge = ((field - 1.25 + 1.6 * coverage) / (2.0 * _EDGE) + 0.5).clamp_(0.0, 1.0)
    return edge * edge * (3.0 - 2.0 * edge)
