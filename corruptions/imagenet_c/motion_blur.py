"""Motion blur in steps of whole pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
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
        radius: the trail is 2 * radius + 1 steps long.
        sigma: standard deviation of the Gaussian falloff along the trail, from its head, in pixels.
        spread: the direction is uniform in +- spread, in degrees.
    """

    radius: Px
    sigma: Px
    spread: Annotated[float, "degrees"] = 45.0


@dataclass(frozen=True)
class MotionBlur(Corruption):
    """A trail that starts at the pixel, in steps that are rounded to whole pixels, as in ImageMagick.

    Rounding, where endo19 interpolates, leaves more fine detail. The frame is repeated beyond its edges.

    >>> MotionBlur().severities[2]
    MotionBlurParams(radius=15.0, sigma=8.0, spread=45.0)
    """

    name: ClassVar[str] = "motion_blur"
    model: ClassVar[str] = "imagenet-c"
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
        kernels = [stepped_trail(params, params.spread * float(turn), images.shape[-2:]) for turn in turns]
        return correlate(images, np.stack(kernels), "nearest")


def stepped_trail(params: MotionBlurParams, angle: float, size: Sequence[int]) -> Floats:
    """The point spread (k, k) of a trail in direction ``angle`` (degrees, from the x axis towards the y axis).

    The trail ends where it is longer than a side of the frame ``size`` (height, width). As in the package, the weight
    of the rest is then missing, so that a very small frame becomes darker.
    """
    count = 2 * round(params.radius) + 1
    weight = np.exp(-0.5 * (np.arange(count) / params.sigma) ** 2)
    weight /= weight.sum()
    # The order of these operations decides which way a step of exactly half a pixel is rounded.
    y, x = count * math.sin(math.radians(angle)), count * math.cos(math.radians(angle))
    length = math.hypot(y, x)
    step = np.arange(count)
    down, across = (np.ceil(step * side / length - 0.5).astype(int) for side in (y, x))
    inside = np.logical_and.accumulate((np.abs(down) < size[0]) & (np.abs(across) < size[1]))
    kernel = np.zeros((2 * count + 1, 2 * count + 1))
    np.add.at(kernel, (count + down[inside], count + across[inside]), weight[inside])
    return kernel.astype(np.float32)
