"""Wrong exposure by a power law, on encoded values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption
from robustbench_endo.corruptions.kernels.color.power import power
from robustbench_endo.corruptions.kernels.host_values import upload
from robustbench_endo.corruptions.rng import Noise

_DIRECTION = 0  # stream


@dataclass(frozen=True)
class GammaCorrectionParams:
    """Parameters of :class:`GammaCorrection`.

    Attributes:
        under: exponent of an under-exposed frame.
        over: exponent of an over-exposed frame; equal to ``under``, it fixes the direction.
    """

    under: Annotated[float, "exponent"]
    over: Annotated[float, "exponent"]


@dataclass(frozen=True)
class GammaCorrection(Corruption):
    """Pixel values to a power that is further from 1 at higher severities; the key of the frame decides the direction.

    The two exponents of a severity give about equal structural similarity, so that the direction does not determine how
    much is lost.

    >>> GammaCorrection().severities[2]
    GammaCorrectionParams(under=1.6, over=0.44)
    """

    name: ClassVar[str] = "gamma_correction"
    model: ClassVar[str] = "imagenet-c"
    category: ClassVar[Category] = "digital"
    cause: ClassVar[str] = "Automatic exposure misled by glare or by a dark cavity; a display curve applied twice."
    citation: ClassVar[str] = "Poynton, Digital Video and HD, 2012, ch. 27 (power-law transfer)."

    severities: tuple[GammaCorrectionParams, ...] = (
        GammaCorrectionParams(1.2, 0.77),
        GammaCorrectionParams(1.4, 0.61),
        GammaCorrectionParams(1.6, 0.44),
        GammaCorrectionParams(1.8, 0.31),
        GammaCorrectionParams(2.05, 0.19),
    )

    def apply(self, images: Tensor, params: GammaCorrectionParams, noise: Noise) -> Tensor:
        """``images`` ** under or ``images`` ** over, with equal probability."""
        dark = noise.host.uniform((1, 1, 1), _DIRECTION).double() < 0.5
        (exponents,) = upload((torch.where(dark, params.under, params.over),), images.device)
        return power(images, exponents)
