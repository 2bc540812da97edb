"""Wrong colour saturation, on encoded values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption
from robustbench_endo.corruptions.kernels.color.hsv import scale_saturation
from robustbench_endo.corruptions.rng import Noise


@dataclass(frozen=True)
class SaturateParams:
    """Parameters of :class:`Saturate`.

    Attributes:
        gain: HSV saturation becomes gain * saturation + offset, clamped to [0, 1].
        offset: see ``gain``.
    """

    gain: Annotated[float, "times"]
    offset: Annotated[float, "saturation"] = 0.0


@dataclass(frozen=True)
class Saturate(Corruption):
    """HSV saturation, scaled and shifted at constant hue and value.

    ImageNet-C desaturates at severities 1 and 2 and oversaturates from 3 on, so it is not monotone; here every severity
    oversaturates, increasingly: that is how endoscope processors fail, and desaturation costs little structure.

    >>> Saturate().severities[2]
    SaturateParams(gain=2.4, offset=0.0)
    """

    name: ClassVar[str] = "saturate"
    model: ClassVar[str] = "imagenet-c"
    category: ClassVar[Category] = "digital"
    cause: ClassVar[str] = (
        "Colour gain or white balance of the camera processor set wrong; a display profile applied twice."
    )
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C, extra corruptions)."
    stochastic: ClassVar[bool] = False

    severities: tuple[SaturateParams, ...] = (
        SaturateParams(1.4),
        SaturateParams(1.8),
        SaturateParams(2.4),
        SaturateParams(3.2),
        SaturateParams(4.5),
    )

    def apply(self, images: Tensor, params: SaturateParams, noise: Noise) -> Tensor:
        """HSV saturation s replaced by clamp(gain s + offset, 0, 1)."""
        return scale_saturation(images, params.gain, params.offset)
