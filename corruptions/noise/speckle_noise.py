"""Speckle noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px
from robustbench_endo.corruptions.kernels.rng.noise_bytes import multiply_noise_bytes
from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_shape
from robustbench_endo.corruptions.kernels.rng.noise_ops import multiply_noise
from robustbench_endo.corruptions.rng import Noise


@dataclass(frozen=True)
class SpeckleNoiseParams:
    """Parameters of :class:`SpeckleNoise`.

    Attributes:
        std: standard deviation of the gain.
        grain: side of a noise cell, in pixels.
    """

    std: Annotated[float, "share of the value"]
    grain: Px = 1.0


@dataclass(frozen=True)
class SpeckleNoise(Corruption):
    """Multiplicative normal noise: bright tissue is affected most.

    >>> SpeckleNoise().severities[2]
    SpeckleNoiseParams(std=0.35, grain=1.0)
    """

    name: ClassVar[str] = "speckle_noise"
    category: ClassVar[Category] = "noise"
    cause: ClassVar[str] = (
        "Coherent light (laser illumination, fluorescence modes) and uneven gain of the chip's elements."
    )
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C, extra corruptions)."

    severities: tuple[SpeckleNoiseParams, ...] = (
        SpeckleNoiseParams(0.15),
        SpeckleNoiseParams(0.2),
        SpeckleNoiseParams(0.35),
        SpeckleNoiseParams(0.45),
        SpeckleNoiseParams(0.6),
    )

    def apply(self, images: Tensor, params: SpeckleNoiseParams, noise: Noise) -> Tensor:
        """``images`` (1 + std z), with z standard normal."""
        z = noise.normal(cell_shape(images.shape[1:], params.grain), stream=0)
        return multiply_noise(images, z, params.std, params.grain)

    def apply_bytes(self, frame: NDArray[np.uint8], params: SpeckleNoiseParams, noise: Noise) -> NDArray[np.uint8]:
        """:meth:`apply` to 8-bit levels: the same, rounded."""
        z = noise.normal(cell_shape((3, *frame.shape[:2]), params.grain), stream=0)
        return multiply_noise_bytes(frame, z, params.std, params.grain)
