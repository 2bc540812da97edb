"""Vignetting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption
from robustbench_endo.corruptions.kernels.host_values import upload
from robustbench_endo.corruptions.rng import Noise
from robustbench_endo.corruptions.surgical.light import to_light, to_values


@dataclass(frozen=True)
class VignettingParams:
    """Parameters of :class:`Vignetting`.

    Attributes:
        stops: by how much a corner is darker than the centre, in stops.
    """

    stops: Annotated[float, "stops"]


@dataclass(frozen=True)
class Vignetting(Corruption):
    """Linear light falls with the fourth power of the cosine of the field angle.

    >>> Vignetting().severities[2]
    VignettingParams(stops=3.0)
    """

    name: ClassVar[str] = "vignetting"
    category: ClassVar[Category] = "occlusion"
    cause: ClassVar[str] = "A light cone narrower than the field of view, a coupler of the wrong focal length."
    citation: ClassVar[str] = "Goldman, IEEE Trans. Pattern Analysis and Machine Intelligence, 2010; cos^4 law."
    bounded: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False

    severities: tuple[VignettingParams, ...] = (
        VignettingParams(1.0),
        VignettingParams(2.0),
        VignettingParams(3.0),
        VignettingParams(4.0),
        VignettingParams(5.0),
    )

    def apply(self, images: Tensor, params: VignettingParams, noise: Noise) -> Tensor:
        """``images`` x cos^4 of the field angle, in linear light."""
        height, width = images.shape[-2:]
        # cos^4 = 1 / (1 + tan^2)^2, and the tangent grows in proportion to the distance from the centre.
        corner = 2.0 ** (params.stops / 2.0) - 1.0
        y, x = (torch.arange(side, dtype=torch.float64) - (side - 1) / 2.0 for side in (height, width))
        scale = corner / ((height - 1) ** 2 + (width - 1) ** 2) * 4.0
        fall = (1.0 + scale * y * y)[:, None].float() + (scale * x * x).float()
        (squared,) = upload((fall.mul_(fall),), images.device)
        return to_values(to_light(images).div_(squared))
