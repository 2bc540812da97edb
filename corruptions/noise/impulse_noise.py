"""Salt and pepper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px
from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_shape
from robustbench_endo.corruptions.kernels.rng.noise_ops import salt_and_pepper
from robustbench_endo.corruptions.rng import Noise


@dataclass(frozen=True)
class Params:
    """share: of the values that are lost; grain: side of a noise cell."""

    share: Annotated[float, "share of values"]
    grain: Px = 1.0


@dataclass(frozen=True)
class ImpulseNoise(Corruption):
    """A share of the values, in each channel by itself, becomes black or white with equal chance."""

    name: ClassVar[str] = "impulse_noise"
    category: ClassVar[Category] = "noise"
    cause: ClassVar[str] = "Dead chip elements and bit errors on a damaged cable or wireless link."
    citation: ClassVar[str] = (
        "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C), with scikit-image random_noise(mode='s&p')."
    )

    severities: tuple[Params, ...] = (
        Params(0.03),
        Params(0.06),
        Params(0.09),
        Params(0.17),
        Params(0.27),
    )

    def apply(self, images: Tensor, params: Params, noise: Noise) -> Tensor:
        """0 where u < share / 2, 1 where u > 1 - share / 2, u uniform; ``images`` elsewhere."""
        cells = noise.uniform(cell_shape(images.shape[1:], params.grain), stream=0)
        return salt_and_pepper(images, cells, params.share, params.grain)
