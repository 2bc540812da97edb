"""Wrong colour saturation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption
from robustbench_endo.corruptions.kernels.color.hsv import saturate
from robustbench_endo.corruptions.rng import Noise


@dataclass(frozen=True)
class Params:
    """gain, offset: HSV saturation becomes gain * saturation + offset, within [0, 1]."""

    gain: Annotated[float, "times"]
    offset: Annotated[float, "saturation"] = 0.0


@dataclass(frozen=True)
class Saturate(Corruption):
    """HSV saturation, scaled and shifted at constant hue and value.

    ImageNet-C fades at severities 1 and 2 and oversaturates from 3 on, so it is not monotone; here every severity
    oversaturates, more and more: that is how endoscope processors fail, and fading to grey costs little structure.
    """

    name: ClassVar[str] = "saturate"
    category: ClassVar[Category] = "digital"
    cause: ClassVar[str] = (
        "Colour gain or white balance of the camera processor set wrong; a display profile applied twice."
    )
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C, extra corruptions)."

    severities: tuple[Params, ...] = (Params(1.4), Params(1.8), Params(2.4), Params(3.2), Params(4.5))

    def apply(self, images: Tensor, params: Params, noise: Noise) -> Tensor:
        return saturate(images, params.gain, params.offset)
