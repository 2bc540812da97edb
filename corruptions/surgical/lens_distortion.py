"""Lens distortion with lateral chromatic aberration."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor

from robustbench_endo.corruptions.base import Category, CorruptedBatch, Corruption, Px
from robustbench_endo.corruptions.kernels.interpolation.remap import identity_grid, remap
from robustbench_endo.corruptions.rng import Noise


@dataclass(frozen=True)
class LensDistortionParams:
    """Parameters of :class:`LensDistortion`.

    Attributes:
        barrel: radial distortion of the corner against the centre, as a share of the radius (k1 / (1 + k1) of Brown).
        lateral: distance between red and green, and between green and blue, in the corner, in pixels.
    """

    barrel: Annotated[float, "share of the radius"]
    lateral: Px


@dataclass(frozen=True)
class LensDistortion(Corruption):
    """Barrel distortion about the centre with the corners fixed, and a magnification that differs by colour.

    The returned grid is that of green.

    >>> LensDistortion().severities[2]
    LensDistortionParams(barrel=0.15, lateral=0.8)
    """

    name: ClassVar[str] = "lens_distortion"
    category: ClassVar[Category] = "digital"
    cause: ClassVar[str] = "A wide-angle scope other than the calibrated one; a coupler or rod lens out of alignment."
    citation: ClassVar[str] = "Brown, Photogrammetric Engineering 37(8), 1971 (radial distortion)."
    bounded: ClassVar[bool] = True
    moves: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False

    severities: tuple[LensDistortionParams, ...] = (
        LensDistortionParams(0.05, 0.3),
        LensDistortionParams(0.10, 0.55),
        LensDistortionParams(0.15, 0.8),
        LensDistortionParams(0.20, 1.1),
        LensDistortionParams(0.26, 1.4),
    )

    def apply(self, images: Tensor, params: LensDistortionParams, noise: Noise) -> CorruptedBatch:
        """``images`` sampled nearer to the centre by a share that falls with the squared radius."""
        height, width = images.shape[-2:]
        grid = identity_grid(height, width, images.device)
        x, y = grid.unbind(-1)
        diagonal = float(height**2 + width**2)
        squared = x * x * (width**2 / diagonal) + y * y * (height**2 / diagonal)
        grid = grid * (1.0 - params.barrel + params.barrel * squared)[..., None]
        grid = grid.expand(len(images), -1, -1, -1)
        lateral = 2.0 * params.lateral / math.sqrt(diagonal)
        channels = [
            remap(images[:, channel : channel + 1], grid * (1.0 + lateral * (channel - 1))) for channel in range(3)
        ]
        return CorruptedBatch(torch.cat(channels, 1), grid.contiguous())
