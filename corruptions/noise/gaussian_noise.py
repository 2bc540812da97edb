"""Gaussian noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px
from robustbench_endo.corruptions.kernels.rng.noise_bytes import add_noise_bytes
from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_shape
from robustbench_endo.corruptions.kernels.rng.noise_ops import add_noise
from robustbench_endo.corruptions.rng import Noise


@dataclass(frozen=True)
class GaussianNoiseParams:
    """Parameters of :class:`GaussianNoise`.

    Attributes:
        std: standard deviation of the noise, as a share of the white level.
        grain: side of a noise cell, in pixels.
    """

    std: Annotated[float, "share of white"]
    grain: Px = 1.0


@dataclass(frozen=True)
class GaussianNoise(Corruption):
    """Additive normal noise, independent in every channel.

    >>> GaussianNoise().severities[2]
    GaussianNoiseParams(std=0.18, grain=1.0)
    """

    name: ClassVar[str] = "gaussian_noise"
    category: ClassVar[Category] = "noise"
    cause: ClassVar[str] = "Amplifier and read-out noise of the camera chip when the gain is raised in a dim cavity."
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C)."

    severities: tuple[GaussianNoiseParams, ...] = (
        GaussianNoiseParams(0.08),
        GaussianNoiseParams(0.12),
        GaussianNoiseParams(0.18),
        GaussianNoiseParams(0.26),
        GaussianNoiseParams(0.38),
    )

    def apply(self, images: Tensor, params: GaussianNoiseParams, noise: Noise) -> Tensor:
        """``images`` + std z, with z standard normal."""
        z = noise.normal(cell_shape(images.shape[1:], params.grain), stream=0)
        return add_noise(images, z, params.std, params.grain)

    def apply_bytes(self, frame: NDArray[np.uint8], params: GaussianNoiseParams, noise: Noise) -> NDArray[np.uint8]:
        """:meth:`apply` to 8-bit levels: the same, rounded."""
        z = noise.normal(cell_shape((3, *frame.shape[:2]), params.grain), stream=0)
        return add_noise_bytes(frame, z, params.std, params.grain)
