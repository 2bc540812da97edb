"""Gaussian blur."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px
from robustbench_endo.corruptions.kernels.filters.pyramid_blur import added_variance, filter_at_reduced_scale
from robustbench_endo.corruptions.kernels.filters.pyramid_bytes import filter_bytes_at_reduced_scale
from robustbench_endo.corruptions.kernels.filters.separable import gaussian_blur, half_gaussian
from robustbench_endo.corruptions.kernels.filters.separable_bytes import separable_filter_bytes
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
        factor, sigma = _reduced(params.sigma)
        return filter_at_reduced_scale(
            images, factor, 3 * factor, "nearest", lambda coarse: gaussian_blur(coarse, sigma, "nearest")
        )

    def apply_bytes(
        self, frame: NDArray[np.uint8], params: GaussianBlurParams, noise: Noise
    ) -> NDArray[np.uint8] | None:
        """:meth:`apply` to 8-bit levels: in fixed point, wide Gaussians at a reduced scale."""
        factor, sigma = _reduced(params.sigma)
        if factor == 1:
            half = half_gaussian(sigma)
            return separable_filter_bytes(frame, half, half, "nearest")
        return filter_bytes_at_reduced_scale(
            frame, factor, 3 * factor, "nearest", lambda coarse: gaussian_blur(coarse, sigma, "nearest")
        )


def _reduced(sigma: float) -> tuple[int, float]:
    """The factor of the reduced scale, and the standard deviation that is left to do there."""
    # Powers of two: an even factor is aligned with the pixel grid, an odd one has four times the error.
    factor = 2 ** max(int(math.log2(max(sigma, _MINIMUM_SIGMA) / _MINIMUM_SIGMA)), 0)
    return factor, math.sqrt(sigma**2 - added_variance(factor)) / factor
