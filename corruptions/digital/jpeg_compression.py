"""JPEG compression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import area, bilinear
from robustbench_endo.corruptions.kernels.interpolation.resample import resample
from robustbench_endo.corruptions.kernels.interpolation.residual_upsample import with_detail
from robustbench_endo.corruptions.kernels.jpeg.codec import jpeg_round_trip
from robustbench_endo.corruptions.kernels.jpeg.dct import quantiser
from robustbench_endo.corruptions.rng import Noise

_BLOCK = 8  # pixels a side, by the standard


@dataclass(frozen=True)
class Params:
    """quality: of the Independent JPEG Category, 1 to 100; block: side of the coded blocks."""

    quality: Annotated[int, "IJG quality"]
    block: Px = 8.0


@dataclass(frozen=True)
class JpegCompression(Corruption):
    """A baseline JPEG, coded and decoded, whose blocks have the same size in the scene at every resolution.

    The standard's blocks are 8 pixels whatever the frame, so a large frame would suffer less. The frame is therefore
    coded at the scale at which ``block`` is 8 pixels, and the decoded picture enlarged. Detail finer than that scale
    meets the rule that the codec applies to its own finest coefficient: what is smaller than half its step is lost,
    what is larger keeps the excess. With blocks of 8 pixels of the image itself this is the codec and nothing else.
    """

    name: ClassVar[str] = "jpeg_compression"
    category: ClassVar[Category] = "digital"
    cause: ClassVar[str] = "A recorder or a tele-surgery link that is short of bandwidth."
    citation: ClassVar[str] = "ITU-T T.81 (JPEG); severities of Hendrycks & Dietterich, ICLR 2019 (ImageNet-C)."

    bounded: ClassVar[bool] = True

    severities: tuple[Params, ...] = (Params(25), Params(18), Params(15), Params(10), Params(7))

    def apply(self, images: Tensor, params: Params, noise: Noise) -> Tensor:
        height, width = images.shape[-2:]
        rows, columns = (max(round(size * _BLOCK / params.block), 2) for size in (height, width))
        if (rows, columns) == (height, width):
            return jpeg_round_trip(images, params.quality)
        if rows > height:
            coded = jpeg_round_trip(_resized(images, rows, columns), params.quality)
            return _resized(coded, height, width).clamp_(0.0, 1.0)
        coarse = _resized(images, rows, columns)
        coded = jpeg_round_trip(coarse, params.quality)
        return with_detail(images, coarse, coded, threshold(params.quality))


def threshold(quality: int) -> float:
    """Half the quantiser step of the finest luminance coefficient, as the pixel value it amounts to at most."""
    # The largest value of a DCT basis function of an 8 x 8 block is 1/4.
    return float(quantiser(quality)[-1, -1]) / 2.0 / 4.0 / 255.0


def _resized(images: Tensor, rows: int, columns: int) -> Tensor:
    height, width = images.shape[-2:]
    taps = bilinear if rows > height else area
    return resample(images, taps(height, rows), taps(width, columns))
