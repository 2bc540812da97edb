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
from robustbench_endo.corruptions.kernels.filters.pyramid_blur import added_variance, at_reduced_scale
from robustbench_endo.corruptions.kernels.filters.separable import border_index
from robustbench_endo.corruptions.rng import Noise

_SMALLEST = 6.0  # pixels: the radius down to which the frame may be reduced


@dataclass(frozen=True)
class Params:
    """radius: of the circle of confusion; samples: sub-pixels a side when the disk is drawn (1: hard steps);
    softening: standard deviation of the Gaussian laid over the drawn disk, in pixels of the kernel.
    """

    radius: Px
    samples: Annotated[int, "sub-pixels"] = 8
    softening: Annotated[float, "kernel px"] = 0.0


@dataclass(frozen=True)
class DefocusBlur(Corruption):
    """A disk-shaped point spread, the image of a point off the focal plane; the frame is mirrored about its edge."""

    name: ClassVar[str] = "defocus_blur"
    category: ClassVar[Category] = "blur"
    cause: ClassVar[str] = "The scope is nearer to or farther from the tissue than its focal distance."
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C)."

    severities: tuple[Params, ...] = (Params(3.0), Params(4.0), Params(6.0), Params(8.0), Params(10.0))

    def apply(self, images: Tensor, params: Params, noise: Noise) -> Tensor:
        factor = max(int(params.radius / _SMALLEST), 1)
        # A disk has a variance of radius^2 / 4 along each axis.
        radius = math.sqrt(params.radius**2 - 4.0 * added_variance(factor)) / factor
        kernel = disk(radius, params.samples, params.softening)[None]
        return at_reduced_scale(
            images, factor, math.ceil(params.radius), "mirror", lambda coarse: correlate(coarse, kernel, "mirror")
        )


@lru_cache(maxsize=16)
def disk(radius: float, samples: int, softening: float) -> Floats:
    """The (k, k) point spread: the share of each pixel within ``radius``, softened."""
    # ImageNet-C draws small disks on a canvas of 17 pixels and softens with 3 taps, large ones with 5.
    reach, taps = (8, 1) if radius <= 8 else (int(np.ceil(radius)), 2)
    offset = (np.arange(samples) + 0.5) / samples - 0.5
    line = (np.arange(-reach, reach + 1)[:, None] + offset).ravel()
    inside = (line[:, None] ** 2 + line**2) <= radius**2
    side = 2 * reach + 1
    shares = inside.reshape(side, samples, side, samples).mean((1, 3))
    return _softened(shares / shares.sum(), softening, taps).astype(np.float32)


def _softened(kernel: NDArray[np.float64], sigma: float, taps: int) -> NDArray[np.float64]:
    if sigma == 0.0:
        return kernel
    weights = np.exp(-0.5 * (np.arange(-taps, taps + 1) / sigma) ** 2)
    weights /= weights.sum()
    for _ in range(2):
        padded = kernel[border_index(len(kernel), taps, taps, "mirror")]
        shifts = [w * padded[i : i + len(kernel)] for i, w in enumerate(weights)]
        kernel = np.sum(shifts, axis=0).T
    return kernel
