"""Over-exposure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption
from robustbench_endo.corruptions.kernels.color.hsv import raise_value
from robustbench_endo.corruptions.rng import Noise


@dataclass(frozen=True)
class Params:
    """offset: what is added to the HSV value (the largest channel), in units of the white level."""

    offset: Annotated[float, "value"]


@dataclass(frozen=True)
class Brightness(Corruption):
    """HSV value + offset at constant hue and saturation, cut off at white."""

    name: ClassVar[str] = "brightness"
    category: ClassVar[Category] = "occlusion"
    cause: ClassVar[str] = (
        "Automatic gain that lags when the scope moves in or meets a bright instrument; too much light."
    )
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C)."

    severities: tuple[Params, ...] = (Params(0.1), Params(0.2), Params(0.3), Params(0.4), Params(0.5))

    def apply(self, images: Tensor, params: Params, noise: Noise) -> Tensor:
        return raise_value(images, params.offset)
