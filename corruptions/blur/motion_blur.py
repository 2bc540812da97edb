"""Motion blur."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px
from robustbench_endo.corruptions.kernels.backend import Floats
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
        turns = 2.0 * noise.uniform((1,), _ANGLE)[:, 0].double().cpu().numpy() - 1.0
        kernels = [trail(params, float(np.deg2rad(params.spread * turn))) for turn in turns]
        return correlate(images, np.stack(kernels), "nearest")


def trail(params: MotionBlurParams, angle: float) -> Floats:
    """The point spread (k, k) of a trail in direction ``angle`` (radians, from the x axis towards the y axis)."""
    position = np.arange(2 * round(params.radius) + 1, dtype=np.float64)
    weight = np.exp(-0.5 * (position / params.sigma) ** 2)
    weight /= weight.sum()
    position = position - params.anchor * (weight * position).sum()
    reach = int(np.ceil(np.abs(position).max())) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    y, x = reach + position * np.sin(angle), reach + position * np.cos(angle)
    top, left = np.floor(y).astype(int), np.floor(x).astype(int)
    v, u = y - top, x - left
    for row, column, overlap in (
        (top, left, (1 - v) * (1 - u)),
        (top, left + 1, (1 - v) * u),
        (top + 1, left, v * (1 - u)),
        (top + 1, left + 1, v * u),
    ):
        np.add.at(kernel, (row, column), weight * overlap)
    return kernel.astype(np.float32)
