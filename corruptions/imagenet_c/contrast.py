"""Loss of contrast, on encoded values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption
from robustbench_endo.corruptions.kernels.color.mean import scale_contrast
from robustbench_endo.corruptions.rng import Noise


@dataclass(frozen=True)
class ContrastParams:
    """Parameters of :class:`Contrast`.

    Attributes:
        factor: factor of the distance of each pixel from the mean of its channel.
    """

    factor: Annotated[float, "share"]


@dataclass(frozen=True)
class Contrast(Corruption):
    """Every channel is scaled towards its mean.

    >>> Contrast().severities[2]
    ContrastParams(factor=0.2)
    """

    name: ClassVar[str] = "contrast"
    model: ClassVar[str] = "imagenet-c"
    category: ClassVar[Category] = "digital"
    cause: ClassVar[str] = "Stray light, an ageing light source, a wrong camera profile."
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C)."
    stochastic: ClassVar[bool] = False

    severities: tuple[ContrastParams, ...] = (
        ContrastParams(0.4),
        ContrastParams(0.3),
        ContrastParams(0.2),
        ContrastParams(0.1),
        ContrastParams(0.05),
    )

    def apply(self, images: Tensor, params: ContrastParams, noise: Noise) -> Tensor:
        """mean + factor (``images`` - mean)."""
        return scale_contrast(images, params.factor)
