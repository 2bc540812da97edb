"""Pixelation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px, Region
from robustbench_endo.corruptions.kernels.interpolation.pixelate import pixelate
from robustbench_endo.corruptions.kernels.interpolation.pixelate_bytes import pixelate_bytes
from robustbench_endo.corruptions.rng import Noise


@dataclass(frozen=True)
class PixelateParams:
    """Parameters of :class:`Pixelate`.

    Attributes:
        cell: side of the squares that are replaced by their mean colour, in pixels.
    """

    cell: Px


@dataclass(frozen=True)
class Pixelate(Corruption):
    """Box-averaged to one value per cell, repeated over the cell.

    ImageNet-C's cells are 1 / .6 to 1 / .25 pixels wide; integer reference pixels make the same cells at every size.

    >>> Pixelate().severities[2]
    PixelateParams(cell=4.0)
    """

    name: ClassVar[str] = "pixelate"
    category: ClassVar[Category] = "digital"
    cause: ClassVar[str] = "A digital zoom, a thumbnail stream, a frame grabber at the wrong resolution."
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C)."
    stochastic: ClassVar[bool] = False

    severities: tuple[PixelateParams, ...] = (
        PixelateParams(2.0),
        PixelateParams(3.0),
        PixelateParams(4.0),
        PixelateParams(5.0),
        PixelateParams(6.0),
    )
    region: Region = "frame"  # a codec codes the surround, too

    def apply(self, images: Tensor, params: PixelateParams, noise: Noise) -> Tensor:
        """nearest(box(``images``))."""
        height, width = images.shape[-2:]
        return pixelate(images, cell_count(height, params.cell), cell_count(width, params.cell))

    def apply_bytes(self, frame: NDArray[np.uint8], params: PixelateParams, noise: Noise) -> NDArray[np.uint8] | None:
        """:meth:`apply` to 8-bit levels, by sums of integers."""
        height, width = frame.shape[:2]
        return pixelate_bytes(frame, cell_count(height, params.cell), cell_count(width, params.cell))


def cell_count(size: int, side: float) -> int:
    """Number of cells of ``side`` pixels that fit into ``size`` pixels, at least one."""
    # 1 / .3 is not exact: 100 pixels must contain 30 such cells, not 29.
    return max(int(size / max(side, 1.0) + 1e-6), 1)
