"""Loss of contrast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption
from robustbench_endo.corruptions.kernels.color.mean import towards_mean
from robustbench_endo.corruptions.rng import Noise


@dataclass(frozen=True)
class Params:
    """factor: what remains of each pixel's distance from the mean of its channel."""

    factor: Annotated[float, "share"]


@dataclass(frozen=True)
class Contrast(Corruption):
    """Every channel is drawn towards its mean."""

    name: ClassVar[str] = "contrast"
    category: ClassVar[Category] = "digital"
    cause: ClassVar[str] = "Stray light, an ageing light source, a wrong camera profile."
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C)."

    severities: tuple[Params, ...] = (Params(0.4), Params(0.3), Params(0.2), Params(0.1), Params(0.05))

    def apply(self, images: Tensor, params: Params, noise: Noise) -> Tensor:
        return towards_mean(images, params.factor)
