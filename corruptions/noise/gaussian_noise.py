"""Additive normal noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px
from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_shape
from robustbench_endo.corruptions.kernels.rng.noise_ops import add_noise
from robustbench_endo.corruptions.rng import Noise


@dataclass(frozen=True)
class Params:
    """std: of the noise; grain: side of a noise cell."""

    std: Annotated[float, "share of white"]
    grain: Px = 1.0


@dataclass(frozen=True)
class GaussianNoise(Corruption):
    """Additive normal noise, independent in every channel."""

    name: ClassVar[str] = "gaussian_noise"
    category: ClassVar[Category] = "noise"
    cause: ClassVar[str] = "Amplifier and read-out noise of the camera chip when the gain is raised in a dim cavity."
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C)."

    severities: tuple[Params, ...] = (
        Params(0.08),
        Params(0.12),
        Params(0.18),
        Params(0.26),
        Params(0.38),
    )

    def apply(self, images: Tensor, params: Params, noise: Noise) -> Tensor:
        """``images`` + std z, z standard normal."""
        cells = noise.normal(cell_shape(images.shape[1:], params.grain), stream=0)
        return add_noise(images, cells, params.std, params.grain)
