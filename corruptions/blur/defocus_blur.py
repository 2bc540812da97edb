"""Defocus blur."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px
from robustbench_endo.corruptions.kernels.backend import Floats
from robustbench_endo.corruptions.kernels.filters.correlate import correlate
from robustbench_endo.corruptions.kernels.filters.pyramid_blur import added_variance, filter_at_reduced_scale
from robustbench_endo.corruptions.kernels.filters.pyramid_bytes import filter_bytes_at_reduced_scale
from robustbench_endo.corruptions.kernels.filters.separable import border_index
from robustbench_endo.corruptions.rng import Noise

_MINIMUM_RADIUS = 6.0  # pixels: the radius down to which the frame may be reduced


@dataclass(frozen=True)
class DefocusBlurParams:
    """Parameters of :class:`DefocusBlur`.

    Attributes:
        radius: radius of the circle of confusion, in pixels.
        samples: sub-pixels per pixel side when the disk is rasterised; 1 gives a hard edge.
        softening: standard deviation of the Gaussian that smooths the rasterised disk, in pixels of the kernel.
    """

    radius: Px
    samples: Annotated[int, "sub-pixels"] = 8
    softening: Annotated[float, "kernel px"] = 0.0


@dataclass(frozen=True)
class DefocusBlur(Corruption):
    """A disk-shaped point spread, the image of a point off the focal plane; the frame is mirrored about its edge.

    >>> DefocusBlur().severities[2]
    DefocusBlurParams(radius=6.0, samples=8, softening=0.0)
    """

    name: ClassVar[str] = "defocus_blur"
    category: ClassVar[Category] = "blur"
    cause: ClassVar[str] = "The scope is nearer to or farther from the tissue than its focal distance."
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C)."
    stochastic: ClassVar[bool] = False

    severities: tuple[DefocusBlurParams, ...] = (
        DefocusBlurParams(3.0),
        DefocusBlurParams(4.0),
        DefocusBlurParams(6.0),
        DefocusBlurParams(8.0),
        DefocusBlurParams(10.0),
    )

    def apply(self, images: Tensor, params: DefocusBlurParams, noise: Noise) -> Tensor:
        """``images`` correlated with a disk, large disks at a reduced scale."""
        factor, kernel = _reduced(params)
        return filter_at_reduced_scale(
            images, factor, math.ceil(params.radius), "mirror", lambda coarse: correlate(coarse, kernel, "mirror")
        )

    def apply_bytes(
        self, frame: NDArray[np.uint8], params: DefocusBlurParams, noise: Noise
    ) -> NDArray[np.uint8] | None:
        """:meth:`apply` to 8-bit levels, where the disk is large."""
        factor, kernel = _reduced(params)
        if factor == 1:
            return None
        return filter_bytes_at_reduced_scale(
            frame, factor, math.ceil(params.radius), "mirror", lambda coarse: correlate(coarse, kernel, "mirror")
        )


def _reduced(params: DefocusBlurParams) -> tuple[int, Floats]:
    """The factor of the reduced scale, and the kernel (1, k, k) that is left to apply there."""
    factor = max(int(params.radius / _MINIMUM_RADIUS), 1)
    # A disk has a variance of radius^2 / 4 along each axis.
    radius = math.sqrt(params.radius**2 - 4.0 * added_variance(factor)) / factor
    return factor, disk(radius, params.samples, params.softening)[None]


@lru_cache(maxsize=16)
def disk(radius: float, samples: int, softening: float) -> Floats:
    """The point spread (k, k) of unit sum: the share of each pixel that lies within ``radius``, smoothed."""
    # ImageNet-C rasterises small disks in 17 x 17 pixels and smooths them with 3 taps, large ones with 5.
    reach, taps = (8, 1) if radius <= 8 else (int(np.ceil(radius)), 2)
    offset = (np.arange(samples) + 0.5) / samples - 0.5
    line = (np.arange(-reach, reach + 1)[:, None] + offset).ravel()
    inside = (line[:, None] ** 2 + line**2) <= radius**2
    side = 2 * reach + 1
    coverage = inside.reshape(side, samples, side, samples).mean((1, 3))
    return _smooth(coverage / coverage.sum(), softening, taps).astype(np.float32)


def _smooth(kernel: NDArray[np.float64], sigma: float, taps: int) -> NDArray[np.float64]:
    if sigma == 0.0:
        return kernel
    weights = np.exp(-0.5 * (np.arange(-taps, taps + 1) / sigma) ** 2)
    weights /= weights.sum()
    for _ in range(2):
        padded = kernel[border_index(len(kernel), taps, taps, "mirror")]
        shifted = [w * padded[i : i + len(kernel)] for i, w in enumerate(weights)]
        kernel = np.sum(shifted, axis=0).T
    return kernel
