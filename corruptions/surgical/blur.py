"""A Gaussian blur of linear light at the scale at which it is cheapest."""

from __future__ import annotations

import math

from torch import Tensor

from robustbench_endo.corruptions.kernels.filters.pyramid_blur import added_variance, filter_at_reduced_scale
from robustbench_endo.corruptions.kernels.filters.separable import gaussian_blur

_MINIMUM_SIGMA = 2.0  # standard deviation, in reduced pixels, down to which the frame may be reduced


def blurred(light: Tensor, sigma: float) -> Tensor:
    """(B, C, H, W) convolved with a Gaussian; the edge pixels continue beyond the frame.

    Args:
        light: the values.
        sigma: standard deviation, in pixels.
    """
    if sigma <= 0.0:
        return light
    factor = 2 ** max(int(math.log2(max(sigma, _MINIMUM_SIGMA) / _MINIMUM_SIGMA)), 0)
    remaining = math.sqrt(sigma**2 - added_variance(factor)) / factor
    return filter_at_reduced_scale(
        light, factor, 3 * factor, "nearest", lambda coarse: gaussian_blur(coarse, remaining, "nearest", truncate=3.0)
    )
