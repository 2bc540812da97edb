"""Wrong colour saturation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption
from robustbench_endo.corruptions.kernels.color.chroma import scale_chroma, scale_chroma_bytes
from robustbench_endo.corruptions.rng import Noise


@dataclass(frozen=True)
class SaturateParams:
    """Parameters of :class:`Saturate`.

    Attributes:
        gain: factor of the distance of the channels from their luminance, for colours near grey; at least 1.
    """

    gain: Annotated[float, "times"]


@dataclass(frozen=True)
class Saturate(Corruption):
    """Colour gain in linear light at constant luminance; colours near the edge of the gamut are compressed.

    Differences of the channels of one or two 8-bit levels are noise and stay what they are. ImageNet-C desaturates at
    severities 1 and 2 and oversaturates from 3 on, so it is not monotone; here every severity oversaturates,
    increasingly: that is how endoscope processors fail, and desaturation costs little structure.

    >>> Saturate().severities[2]
    SaturateParams(gain=8.0)
    """

    name: ClassVar[str] = "saturate"
    category: ClassVar[Category] = "digital"
    cause: ClassVar[str] = (
        "Colour gain or white balance of the camera processor set wrong; a display profile applied twice."
    )
    citation: ClassVar[str] = "ITU-R BT.709 (luminance); Morovic, Color Gamut Mapping, 2008 (soft compression)."
    bounded: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False

    severities: tuple[SaturateParams, ...] = (
        SaturateParams(2.5),
        SaturateParams(4.5),
        SaturateParams(8.0),
        SaturateParams(13.0),
        SaturateParams(20.0),
    )

    def apply(self, images: Tensor, params: SaturateParams, noise: Noise) -> Tensor:
        """``images`` with the saturation of linear light scaled by the gain."""
        return scale_chroma(images, params.gain)

    def apply_bytes(self, frame: NDArray[np.uint8], params: SaturateParams, noise: Noise) -> NDArray[np.uint8] | None:
        """:meth:`apply` to 8-bit levels."""
        return scale_chroma_bytes(frame, params.gain)
