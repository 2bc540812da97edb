"""Wrong exposure by a power law."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption
from robustbench_endo.corruptions.kernels.color.power import power
from robustbench_endo.corruptions.rng import Noise

_DIRECTION = 0


@dataclass(frozen=True)
class Params:
    """under, over: the exponents of a frame that comes out too dark and of one that comes out too bright. Equal, they
    fix the direction.
    """

    under: Annotated[float, "exponent"]
    over: Annotated[float, "exponent"]


@dataclass(frozen=True)
class GammaCorrection(Corruption):
    """Pixel values to a power, away from 1 as severity grows; the key of the frame says whether up or down.

    The two exponents of a severity are chosen for about equal structural similarity, so that the draw of the direction
    does not decide how much is lost.
    """

    name: ClassVar[str] = "gamma_correction"
    category: ClassVar[Category] = "digital"
    cause: ClassVar[str] = "Automatic exposure misled by glare or by a dark cavity; a display curve applied twice."
    citation: ClassVar[str] = "Poynton, Digital Video and HD, 2012, ch. 27 (power-law transfer)."

    severities: tuple[Params, ...] = (
        Params(1.2, 0.77),
        Params(1.4, 0.61),
        Params(1.6, 0.44),
        Params(1.8, 0.31),
        Params(2.05, 0.19),
    )

    def apply(self, images: Tensor, params: Params, noise: Noise) -> Tensor:
        dark = noise.uniform((1, 1, 1), _DIRECTION).double() < 0.5
        exponent = torch.where(dark, params.under, params.over)
        return power(images, exponent)
