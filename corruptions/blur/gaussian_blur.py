"""Gaussian blur."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px
from robustbench_endo.corruptions.kernels.filters.pyramid_blur import added_variance, filter_at_reduced_scale
from robustbench_endo.corruptions.kernels.filters.separable import gaussian_blur
from robustbench_endo.corruptions.rng import Noise

_MINIMUM_SIGMA = 2.0  # standard deviation, in reduced pixels, down to which the frame may be reduced (error < 1/255)


@dataclass(frozen=True)
class GaussianBlurParams:
    """Parameters of :class:`GaussianBlur`.

    Attributes:
        sigma: standard deviation of the point spread, in pixels.
    """

    sigma: Px


@dataclass(frozen=True)
class GaussianBlur(Corruption):
    """A Gaussian point spread; the edge pixels continue beyond the frame.

    >>> GaussianBlur().severities[2]
    GaussianBlurParams(sigma=3.0)
    """

    name: ClassVar[str] = "gaussian_blur"
    category: ClassVar[Category] = "blur"
    cause: ClassVar[str] = "A film of fluid or fat on the distal lens, a worn rod lens, a scaled-up video signal."
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C)."
    stochastic: ClassVar[bool] = False

    severities: tuple[GaussianBlurParams, ...] = (
        GaussianBlurParams(1.0),
        GaussianBlurParams(2.0),
        GaussianBlurParams(3.0),
        GaussianBlurParams(4.0),
        GaussianBlurParams(6.0),
    )

    def apply(self, images: Tensor, params: GaussianBlurParams, noise: Noise) -> Tensor:
        """``images`` convolved with a Gaussian, wide ones at a reduced scale."""
        # Powers of two: an even factor is aligned with the pixel grid, an odd one has four times the error.
        factor = 2 ** max(int(math.log2(max(params.sigma, _MINIMUM_SIGMA) / _MINIMUM_SIGMA)), 0)
        sigma = math.sqrt(params.sigma**2 - added_variance(factor)) / factor
        return filter_at_reduced_scale(
            images, factor, 3 * factor, "nearest", lambda coarse: gaussian_blur(coarse, sigma, "nearest")
        )
