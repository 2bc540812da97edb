"""Over-exposure, on encoded values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption
from robustbench_endo.corruptions.kernels.color.hsv import offset_value
from robustbench_endo.corruptions.rng import Noise


@dataclass(frozen=True)
class BrightnessParams:
    """Parameters of :class:`Brightness`.

    Attributes:
        offset: added to the HSV value (the largest channel), as a share of the white level.
    """

    offset: Annotated[float, "value"]


@dataclass(frozen=True)
class Brightness(Corruption):
    """HSV value + offset at constant hue and saturation, clamped to white.

    >>> Brightness().severities[2]
    BrightnessParams(offset=0.3)
    """

    name: ClassVar[str] = "brightness"
    model: ClassVar[str] = "imagenet-c"
    category: ClassVar[Category] = "occlusion"
    cause: ClassVar[str] = (
        "Automatic gain that lags when the scope moves in or meets a bright instrument; too much light."
    )
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C)."
    stochastic: ClassVar[bool] = False

    severities: tuple[BrightnessParams, ...] = (
        BrightnessParams(0.1),
        BrightnessParams(0.2),
        BrightnessParams(0.3),
        BrightnessParams(0.4),
        BrightnessParams(0.5),
    )

    def apply(self, images: Tensor, params: BrightnessParams, noise: Noise) -> Tensor:
        """HSV value v replaced by clamp(v + offset, 0, 1)."""
        return offset_value(images, params.offset)
