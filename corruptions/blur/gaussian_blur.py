"""Gaussian blur."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px
from robustbench_endo.corruptions.kernels.filters.pyramid_blur import added_variance, at_reduced_scale
from robustbench_endo.corruptions.kernels.filters.separable import gaussian_blur
from robustbench_endo.corruptions.rng import Noise

_SMALLEST = 2.0  # reduced pixels: the standard deviation that remains at least (error below 1/255 on any frame)


@dataclass(frozen=True)
class Params:
    """sigma: standard deviation of the point spread."""

    sigma: Px


@dataclass(frozen=True)
class GaussianBlur(Corruption):
    """A Gaussian point spread; the edge pixels continue beyond the frame."""

    name: ClassVar[str] = "gaussian_blur"
    category: ClassVar[Category] = "blur"
    cause: ClassVar[str] = "A film of fluid or fat on the distal lens, a worn rod lens, a scaled-up video signal."
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C)."

    severities: tuple[Params, ...] = (Params(1.0), Params(2.0), Params(3.0), Params(4.0), Params(6.0))

    def apply(self, images: Tensor, params: Params, noise: Noise) -> Tensor:
        # Powers of two: an even factor meets the pixel grid, an odd one errs four times as much.
        factor = 2 ** max(int(math.log2(max(params.sigma, _SMALLEST) / _SMALLEST)), 0)
        sigma = math.sqrt(params.sigma**2 - added_variance(factor)) / factor
        return at_reduced_scale(
            images, factor, 3 * factor, "nearest", lambda coarse: gaussian_blur(coarse, sigma, "nearest")
        )
