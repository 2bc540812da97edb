"""Wrong exposure by a power law."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption
from robustbench_endo.corruptions.kernels.backend import Floats
from robustbench_endo.corruptions.kernels.color.linear_light import to_encoded, to_linear
from robustbench_endo.corruptions.kernels.color.tone_curve import POSITIONS, apply_curves, level_tables, look_up
from robustbench_endo.corruptions.kernels.device_tables import device_table
from robustbench_endo.corruptions.kernels.host_values import upload
from robustbench_endo.corruptions.rng import Noise

_DIRECTION = 0  # stream

_TOE = 0.018
"""Light, as a share of white, below which a transfer function is a line (ITU-R BT.709): noise in black stays dark."""


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
    """Linear light to a power that is further from 1 at higher severities; the key of the frame decides the direction.

    As in every transfer function, a line replaces the power in the darkest tones, where its slope is extreme. The two
    exponents of a severity give about equal structural similarity, so that the direction does not determine how much is
    lost; it is the same at all severities of a frame.

    >>> GammaCorrection().severities[2]
    GammaCorrectionParams(under=1.53, over=0.35)
    """

    name: ClassVar[str] = "gamma_correction"
    category: ClassVar[Category] = "digital"
    cause: ClassVar[str] = "Automatic exposure misled by glare or by a dark cavity; a display curve applied twice."
    citation: ClassVar[str] = "Poynton, Digital Video and HD, 2012, ch. 27 (power law with a linear toe)."
    bounded: ClassVar[bool] = True

    severities: tuple[GammaCorrectionParams, ...] = (
        GammaCorrectionParams(1.2, 0.74),
        GammaCorrectionParams(1.36, 0.55),
        GammaCorrectionParams(1.53, 0.35),
        GammaCorrectionParams(1.7, 0.2),
        GammaCorrectionParams(1.9, 0.1),
    )

    def apply(self, images: Tensor, params: GammaCorrectionParams, noise: Noise) -> Tensor:
        """encode(decode(``images``) ** under) or encode(decode(``images``) ** over), with equal probability."""
        under, over = (device_table(gamma_curve, images.device, exponent) for exponent in (params.under, params.over))
        (dark,) = upload((is_under_exposed(noise),), images.device)
        return apply_curves(images, torch.where(dark, under, over))

    def apply_bytes(
        self, frame: NDArray[np.uint8], params: GammaCorrectionParams, noise: Noise
    ) -> NDArray[np.uint8] | None:
        """:meth:`apply` by a table of the 256 levels."""
        return look_up(frame, gamma_table(params.under if is_under_exposed(noise).item() else params.over))


def is_under_exposed(noise: Noise) -> Tensor:
    """(B, 1, 1) on the CPU: the direction of each frame."""
    return noise.host.uniform((1, 1), _DIRECTION) < 0.5


@lru_cache(maxsize=64)
def gamma_table(exponent: float) -> NDArray[np.uint8]:
    """(1, 256): :func:`gamma_curve` at the 256 levels, rounded to levels."""
    return level_tables(gamma_curve(exponent)[0])


@lru_cache(maxsize=64)
def gamma_curve(exponent: float) -> Floats:
    """(1, 1, n): the encoded value of each of the ``POSITIONS`` after light is raised to ``exponent``."""
    light = to_linear(POSITIONS)
    # The power is scaled and shifted so that value and slope agree where the line ends, and white stays white.
    shift = (1.0 - exponent) * _TOE**exponent
    scale = 1.0 / (1.0 - shift)
    line = exponent * scale * _TOE ** (exponent - 1.0) * light
    powered = np.where(light < _TOE, line, scale * (light.clip(_TOE) ** exponent - shift))
    return to_encoded(powered.clip(0.0, 1.0)).astype(np.float32)[None, None]
