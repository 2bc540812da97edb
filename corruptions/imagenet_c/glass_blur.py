"""Glass blur of a part of the frame, as in the evaluation of EndoARSS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption
from robustbench_endo.corruptions.blur import glass_blur
from robustbench_endo.corruptions.blur.glass_blur import cell_offsets
from robustbench_endo.corruptions.kernels.filters.separable import gaussian_blur
from robustbench_endo.corruptions.kernels.interpolation.local_shuffle import fetch_cells
from robustbench_endo.corruptions.rng import Noise


@dataclass(frozen=True)
class GlassBlurParams(glass_blur.GlassBlurParams):
    """Parameters of :class:`GlassBlur`.

    Attributes:
        sigma: standard deviation of the Gaussian blur before and after the shuffling, in pixels.
        shift: longest step of one copy, in pixels.
        sweeps: number of passes over the shuffled part.
        cell: side of the cells that are copied, in pixels.
        extent: height and width of the shuffled part, from the top left corner, as a share of those of the frame.
    """

    extent: Annotated[float, "share of the frame"] = 0.875


@dataclass(frozen=True)
class GlassBlur(Corruption):
    """Blur, copies between neighbours in the upper left part of the frame, blur.

    The authors' code shuffles 224 x 224 pixels of a frame of 256 x 256.

    >>> GlassBlur().severities[2]
    GlassBlurParams(sigma=1.0, shift=2.0, sweeps=3, cell=1.0, extent=0.875)
    """

    name: ClassVar[str] = "glass_blur"
    model: ClassVar[str] = "endoarss"
    category: ClassVar[Category] = "blur"
    cause: ClassVar[str] = "Condensation or dried irrigation fluid on the distal window scatters the light."
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C); the code of arXiv 2506.06830."

    severities: tuple[GlassBlurParams, ...] = (
        GlassBlurParams(0.7, 1.0, 2),
        GlassBlurParams(0.9, 2.0, 1),
        GlassBlurParams(1.0, 2.0, 3),
        GlassBlurParams(1.1, 3.0, 2),
        GlassBlurParams(1.5, 4.0, 2),
    )

    def apply(self, images: Tensor, params: GlassBlurParams, noise: Noise) -> Tensor:
        """blur(``images``), its upper left part shuffled, blurred again."""
        blurred = gaussian_blur(images, params.sigma, "nearest")
        height, width = (max(round(side * params.extent), 1) for side in images.shape[-2:])
        part = blurred[..., :height, :width].contiguous()
        shuffled = blurred.clone()
        shuffled[..., :height, :width] = fetch_cells(part, *cell_offsets((height, width), params, noise))
        return gaussian_blur(shuffled, params.sigma, "nearest")
