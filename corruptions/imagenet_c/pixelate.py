"""Pixelation on a grid of fixed size, as in the evaluation of EndoARSS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Region
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import bilinear_weights, box_weights
from robustbench_endo.corruptions.kernels.interpolation.resample import resample
from robustbench_endo.corruptions.rng import Noise


@dataclass(frozen=True)
class PixelateParams:
    """Parameters of :class:`Pixelate`.

    Attributes:
        cells: number of cells along each side of the frame.
        grid: number of pixels along each side to which the cells are enlarged, before the frame is interpolated.
    """

    cells: Annotated[int, "cells"]
    grid: Annotated[int, "cells"] = 224


@dataclass(frozen=True)
class Pixelate(Corruption):
    """Averaged to ``cells``, repeated on ``grid``, interpolated to the frame: its cells have soft edges.

    The authors' code takes the frame for one of 224 pixels: 0.6 to 0.25 times 224 cells, whatever its size.

    >>> Pixelate().severities[2]
    PixelateParams(cells=89, grid=224)
    """

    name: ClassVar[str] = "pixelate"
    model: ClassVar[str] = "endoarss"
    category: ClassVar[Category] = "digital"
    cause: ClassVar[str] = "A digital zoom, a thumbnail stream, a frame grabber at the wrong resolution."
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C); the code of arXiv 2506.06830."
    stochastic: ClassVar[bool] = False

    severities: tuple[PixelateParams, ...] = (
        PixelateParams(134),
        PixelateParams(112),
        PixelateParams(89),
        PixelateParams(67),
        PixelateParams(56),
    )
    region: Region = "frame"  # a codec codes the surround, too

    def apply(self, images: Tensor, params: PixelateParams, noise: Noise) -> Tensor:
        """bilinear(box(box(``images``)))."""
        height, width = images.shape[-2:]
        cells = resample(images, box_weights(height, params.cells), box_weights(width, params.cells))
        repeated = box_weights(params.cells, params.grid)
        return resample(
            resample(cells, repeated, repeated),
            bilinear_weights(params.grid, height),
            bilinear_weights(params.grid, width),
        )
