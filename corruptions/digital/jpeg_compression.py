"""JPEG compression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px, Region
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import area_weights, bilinear_weights
from robustbench_endo.corruptions.kernels.interpolation.resample import resample
from robustbench_endo.corruptions.kernels.interpolation.residual_bytes import (
    block_means,
    block_sums,
    residual_upsample_bytes,
)
from robustbench_endo.corruptions.kernels.interpolation.residual_upsample import residual_upsample
from robustbench_endo.corruptions.kernels.jpeg.codec import jpeg_round_trip, jpeg_round_trip_bytes
from robustbench_endo.corruptions.kernels.jpeg.dct import quantisation_table
from robustbench_endo.corruptions.rng import Noise

_BLOCK = 8  # side of a block in pixels, by the standard


@dataclass(frozen=True)
class JpegCompressionParams:
    """Parameters of :class:`JpegCompression`.

    Attributes:
        quality: quality of the Independent JPEG Group, 1 to 100.
        block: side of the coded blocks, in pixels.
    """

    quality: Annotated[int, "IJG quality"]
    block: Px = 8.0


@dataclass(frozen=True)
class JpegCompression(Corruption):
    """A baseline JPEG, coded and decoded, whose blocks have the same size in the scene at every resolution.

    The standard's blocks are 8 pixels wide in every frame, so a large frame would be affected less. The frame is
    therefore coded at the scale at which ``block`` is 8 pixels, and the decoded image is enlarged. Detail finer than
    that scale is subject to the rule that the codec applies to its finest coefficient: what is smaller than half its
    step is lost, what is larger keeps the excess. With blocks of 8 pixels of the image itself this is the codec only.

    >>> JpegCompression().severities[2]
    JpegCompressionParams(quality=15, block=8.0)
    """

    name: ClassVar[str] = "jpeg_compression"
    category: ClassVar[Category] = "digital"
    cause: ClassVar[str] = "A recorder or a tele-surgery link that is short of bandwidth."
    citation: ClassVar[str] = "ITU-T T.81 (JPEG); severities of Hendrycks & Dietterich, ICLR 2019 (ImageNet-C)."

    bounded: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False

    severities: tuple[JpegCompressionParams, ...] = (
        JpegCompressionParams(25),
        JpegCompressionParams(18),
        JpegCompressionParams(15),
        JpegCompressionParams(10),
        JpegCompressionParams(7),
    )
    region: Region = "frame"  # a codec codes the surround, too

    def apply(self, images: Tensor, params: JpegCompressionParams, noise: Noise) -> Tensor:
        """decode(encode(``images``)) at the scale of the blocks."""
        height, width = images.shape[-2:]
        rows, columns = _coded_size(height, width, params.block)
        if (rows, columns) == (height, width):
            return jpeg_round_trip(images, params.quality)
        scaled = _resize(images, rows, columns)
        decoded = jpeg_round_trip(scaled, params.quality)
        if rows > height:
            return _resize(decoded, height, width).clamp_(0.0, 1.0)
        return residual_upsample(images, scaled, decoded, detail_threshold(params.quality))

    def apply_bytes(
        self, frame: NDArray[np.uint8], params: JpegCompressionParams, noise: Noise
    ) -> NDArray[np.uint8] | None:
        """:meth:`apply` to 8-bit levels, if the frame is coded at its size or reduced by a whole factor."""
        height, width = frame.shape[:2]
        rows, columns = _coded_size(height, width, params.block)
        factor = height // rows
        if factor == 0 or (rows * factor, columns * factor) != (height, width):
            return None
        if factor == 1:
            return jpeg_round_trip_bytes(frame, params.quality)
        source = np.ascontiguousarray(frame)
        sums = block_sums(source, factor)
        decoded = jpeg_round_trip_bytes(block_means(sums, factor), params.quality)
        return residual_upsample_bytes(source, sums, decoded, 255.0 * detail_threshold(params.quality))


def _coded_size(height: int, width: int, block: float) -> tuple[int, int]:
    """Height and width at which ``block`` is that of the standard."""
    rows, columns = (max(round(size * _BLOCK / block), 2) for size in (height, width))
    return rows, columns


def detail_threshold(quality: int) -> float:
    """Half the quantiser step of the finest luminance coefficient, as the largest pixel value that it can make."""
    # The largest value of a DCT basis function of an 8 x 8 block is 1/4.
    return float(quantisation_table(quality)[-1, -1]) / 2.0 / 4.0 / 255.0


def _resize(images: Tensor, rows: int, columns: int) -> Tensor:
    height, width = images.shape[-2:]
    weights = bilinear_weights if rows > height else area_weights
    return resample(images, weights(height, rows), weights(width, columns))
