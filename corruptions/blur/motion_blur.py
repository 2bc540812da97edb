"""Motion blur."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px
from robustbench_endo.corruptions.kernels.backend import Doubles, Floats
from robustbench_endo.corruptions.kernels.filters.correlate import correlate
from robustbench_endo.corruptions.rng import Noise

_ANGLE = 0  # stream


@dataclass(frozen=True)
class MotionBlurParams:
    """Parameters of :class:`MotionBlur`.

    Attributes:
        radius: the trail is 2 * radius + 1 pixels long.
        sigma: standard deviation of the Gaussian falloff along the trail, from its head, in pixels.
        spread: the direction is uniform in +- spread, in degrees.
        anchor: position of the pixel on its trail, from the head (0) to the centre of mass (1).
    """

    radius: Px
    sigma: Px
    spread: Annotated[float, "degrees"] = 180.0
    anchor: Annotated[float, "share"] = 1.0


@dataclass(frozen=True)
class MotionBlur(Corruption):
    """A straight, sub-pixel trail that fades like half a Gaussian, in a random direction for each image.

    ImageNet-C's trail starts at the pixel, which also shifts the image; by default the trail is centred on its
    centre of mass, so that masks stay aligned.

    >>> MotionBlur().severities[2]
    MotionBlurParams(radius=15.0, sigma=8.0, spread=180.0, anchor=1.0)
    """

    name: ClassVar[str] = "motion_blur"
    category: ClassVar[Category] = "blur"
    cause: ClassVar[str] = "The scope or the instrument moves during the exposure of one frame."
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C)."

    severities: tuple[MotionBlurParams, ...] = (
        MotionBlurParams(10.0, 3.0),
        MotionBlurParams(15.0, 5.0),
        MotionBlurParams(15.0, 8.0),
        MotionBlurParams(15.0, 12.0),
        MotionBlurParams(20.0, 15.0),
    )

    def apply(self, images: Tensor, params: MotionBlurParams, noise: Noise) -> Tensor:
        """Each image correlated with a trail in a random direction."""
        turns = 2.0 * noise.host.uniform((1,), _ANGLE)[:, 0].double().numpy() - 1.0
        return correlate(images, trails(params, np.deg2rad(params.spread * turns)), "nearest")


def trails(params: MotionBlurParams, angles: Doubles) -> Floats:
    """The point spreads (B, k, k) of trails in the directions ``angles`` (radians, from the x axis to the y axis)."""
    position = np.arange(2 * round(params.radius) + 1, dtype=np.float64)
    weight = np.exp(-0.5 * (position / params.sigma) ** 2)
    weight /= weight.sum()
    position = position - params.anchor * (weight * position).sum()
    reach = int(np.ceil(np.abs(position).max())) + 1
    side = 2 * reach + 1
    y, x = (reach + position * f(angles)[:, None] for f in (np.sin, np.cos))
    top, left = np.floor(y).astype(int), np.floor(x).astype(int)
    v, u = y - top, x - left
    corner = (np.arange(len(angles))[:, None] * side + top) * side + left
    cells = np.stack((corner, corner + 1, corner + side, corner + side + 1))
    shares = np.stack(((1 - v) * (1 - u), (1 - v) * u, v * (1 - u), v * u)) * weight
    sums = np.bincount(cells.ravel(), shares.ravel(), len(angles) * side * side)
    return sums.astype(np.float32).reshape(-1, side, side)
