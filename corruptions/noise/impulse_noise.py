"""Impulse noise (salt and pepper)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px
from robustbench_endo.corruptions.kernels.rng.noise_bytes import salt_and_pepper_bytes
from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_shape
from robustbench_endo.corruptions.kernels.rng.noise_ops import salt_and_pepper
from robustbench_endo.corruptions.rng import Noise


@dataclass(frozen=True)
class ImpulseNoiseParams:
    """Parameters of :class:`ImpulseNoise`.

    Attributes:
        share: share of the values that are replaced.
        grain: side of a noise cell, in pixels.
    """

    share: Annotated[float, "share of values"]
    grain: Px = 1.0


@dataclass(frozen=True)
class ImpulseNoise(Corruption):
    """A share of the values, independently in each channel, becomes 0 or 1 with equal probability.

    >>> ImpulseNoise().severities[2]
    ImpulseNoiseParams(share=0.09, grain=1.0)
    """

    name: ClassVar[str] = "impulse_noise"
    category: ClassVar[Category] = "noise"
    cause: ClassVar[str] = "Dead chip elements and bit errors on a damaged cable or wireless link."
    citation: ClassVar[str] = (
        "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C), with scikit-image random_noise(mode='s&p')."
    )

    severities: tuple[ImpulseNoiseParams, ...] = (
        ImpulseNoiseParams(0.03),
        ImpulseNoiseParams(0.06),
        ImpulseNoiseParams(0.09),
        ImpulseNoiseParams(0.17),
        ImpulseNoiseParams(0.27),
    )

    def apply(self, images: Tensor, params: ImpulseNoiseParams, noise: Noise) -> Tensor:
        """0 where u < share / 2, 1 where u > 1 - share / 2, with u uniform; ``images`` elsewhere."""
        u = noise.uniform(cell_shape(images.shape[1:], params.grain), stream=0)
        return salt_and_pepper(images, u, params.share, params.grain)

    def apply_bytes(self, frame: NDArray[np.uint8], params: ImpulseNoiseParams, noise: Noise) -> NDArray[np.uint8]:
        """:meth:`apply` to 8-bit levels: the same, rounded."""
        u = noise.uniform(cell_shape((3, *frame.shape[:2]), params.grain), stream=0)
        return salt_and_pepper_bytes(frame, u, params.share, params.grain)
