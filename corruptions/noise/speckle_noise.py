"""Multiplicative normal noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px
from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_shape
from robustbench_endo.corruptions.kernels.rng.noise_ops import multiply_noise
from robustbench_endo.corruptions.rng import Noise


@dataclass(frozen=True)
class Params:
    """std: of the gain; grain: side of a noise cell."""

    std: Annotated[float, "share of the value"]
    grain: Px = 1.0


@dataclass(frozen=True)
class SpeckleNoise(Corruption):
    """Multiplicative normal noise: bright tissue suffers most."""

    name: ClassVar[str] = "speckle_noise"
    category: ClassVar[Category] = "noise"
    cause: ClassVar[str] = (
        "Coherent light (laser illumination, fluorescence modes) and uneven gain of the chip's elements."
    )
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C, extra corruptions)."

    severities: tuple[Params, ...] = (
        Params(0.15),
        Params(0.2),
        Params(0.35),
        Params(0.45),
        Params(0.6),
    )

    def apply(self, images: Tensor, params: Params, noise: Noise) -> Tensor:
        """``images`` (1 + std z), z standard normal."""
        cells = noise.normal(cell_shape(images.shape[1:], params.grain), stream=0)
        return multiply_noise(images, cells, params.std, params.grain)
