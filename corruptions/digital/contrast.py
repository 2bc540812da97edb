"""Loss of contrast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption
from robustbench_endo.corruptions.kernels.color.light_contrast import (
    mean_light,
    mean_light_bytes,
    mixture_curves,
    mixture_tables,
)
from robustbench_endo.corruptions.kernels.color.tone_curve import apply_curves, look_up
from robustbench_endo.corruptions.rng import Noise


@dataclass(frozen=True)
class ContrastParams:
    """Parameters of :class:`Contrast`.

    Attributes:
        factor: share of the light that still makes the image; the rest is spread evenly.
    """

    factor: Annotated[float, "share"]


@dataclass(frozen=True)
class Contrast(Corruption):
    """Veiling glare: a share of the light of each channel is spread evenly over the frame.

    >>> Contrast().severities[2]
    ContrastParams(factor=0.55)
    """

    name: ClassVar[str] = "contrast"
    category: ClassVar[Category] = "digital"
    cause: ClassVar[str] = "Stray light, an ageing light source, a wrong camera profile."
    citation: ClassVar[str] = "ISO 9358 (veiling glare of image forming systems); IEC 61966-2-1 (sRGB)."
    bounded: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False

    severities: tuple[ContrastParams, ...] = (
        ContrastParams(0.85),
        ContrastParams(0.7),
        ContrastParams(0.55),
        ContrastParams(0.4),
        ContrastParams(0.28),
    )

    def apply(self, images: Tensor, params: ContrastParams, noise: Noise) -> Tensor:
        """encode(mean + factor (light - mean)), with light = decode(``images``) and its mean in each channel."""
        return apply_curves(images, mixture_curves(mean_light(images), params.factor))

    def apply_bytes(self, frame: NDArray[np.uint8], params: ContrastParams, noise: Noise) -> NDArray[np.uint8] | None:
        """:meth:`apply` by one table of the 256 levels for each channel."""
        return look_up(frame, mixture_tables(mean_light_bytes(frame), params.factor))
