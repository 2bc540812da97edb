"""Vignetting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption
from robustbench_endo.corruptions.kernels.backend import Floats
from robustbench_endo.corruptions.kernels.device_tables import device_table
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
        scale = corner / ((height - 1) ** 2 + (width - 1) ** 2) * 4.0
        rows = device_table(_squared_tangents, images.device, height, scale, 1.0)
        columns = device_table(_squared_tangents, images.device, width, scale, 0.0)
        fall = rows[:, None] + columns
        return to_values(to_light(images).div_(fall.mul_(fall)))


def _squared_tangents(side: int, scale: float, offset: float) -> Floats:
    """``offset`` + ``scale`` x squared distance from the centre of each pixel of a side."""
    position = np.arange(side) - (side - 1) / 2.0
    return (offset + scale * position * position).astype(np.float32)
