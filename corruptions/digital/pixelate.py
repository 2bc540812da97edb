"""Pixelation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px
from robustbench_endo.corruptions.kernels.interpolation.pixelate import mosaic
from robustbench_endo.corruptions.rng import Noise


@dataclass(frozen=True)
class Params:
    """cell: side of the squares that keep only their mean colour."""

    cell: Px


@dataclass(frozen=True)
class Pixelate(Corruption):
    """Box-averaged down to one value a cell, repeated up again.

    ImageNet-C's cells are 1 / .6 to 1 / .25 pixels wide; whole reference pixels make the same mosaic at every size.
    """

    name: ClassVar[str] = "pixelate"
    category: ClassVar[Category] = "digital"
    cause: ClassVar[str] = "A digital zoom, a thumbnail stream, a frame grabber at the wrong resolution."
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C)."

    severities: tuple[Params, ...] = (Params(2.0), Params(3.0), Params(4.0), Params(5.0), Params(6.0))

    def apply(self, images: Tensor, params: Params, noise: Noise) -> Tensor:
        height, width = images.shape[-2:]
        return mosaic(images, cells(height, params.cell), cells(width, params.cell))


def cells(size: int, side: float) -> int:
    """How many cells of ``side`` pixels fit into ``size`` pixels, at least one."""
    # 1 / .3 is not exact: 100 pixels must hold 30 such cells, not 29.
    return max(int(size / max(side, 1.0) + 1e-6), 1)
