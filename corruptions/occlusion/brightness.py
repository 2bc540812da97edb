"""Over-exposure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption
from robustbench_endo.corruptions.kernels.backend import Floats
from robustbench_endo.corruptions.kernels.color.linear_light import HEADROOM, roll_off, to_encoded, to_linear
from robustbench_endo.corruptions.kernels.color.tone_curve import POSITIONS, apply_curves, level_tables, look_up
from robustbench_endo.corruptions.kernels.device_tables import device_table
from robustbench_endo.corruptions.rng import Noise


@dataclass(frozen=True)
class BrightnessParams:
    """Parameters of :class:`Brightness`.

    Attributes:
        stops: the exposure is 2^``stops`` times the correct one.
    """

    stops: Annotated[float, "stops"]


@dataclass(frozen=True)
class Brightness(Corruption):
    """A longer exposure: linear light is multiplied, and each channel is compressed towards white as cameras do.

    The roll-off begins at 0.7 of white and ends one stop above it, where the sensor is saturated.

    >>> Brightness().severities[2]
    BrightnessParams(stops=1.5)
    """

    name: ClassVar[str] = "brightness"
    category: ClassVar[Category] = "occlusion"
    cause: ClassVar[str] = (
        "Automatic gain that lags when the scope moves in or meets a bright instrument; too much light."
    )
    citation: ClassVar[str] = (
        "Reinhard et al., High Dynamic Range Imaging, 2010, ch. 2 (exposure, response curves); IEC 61966-2-1 (sRGB)."
    )
    bounded: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False

    severities: tuple[BrightnessParams, ...] = (
        BrightnessParams(0.7),
        BrightnessParams(1.1),
        BrightnessParams(1.5),
        BrightnessParams(1.9),
        BrightnessParams(2.3),
    )

    def apply(self, images: Tensor, params: BrightnessParams, noise: Noise) -> Tensor:
        """encode(roll_off(2^stops decode(``images``)))."""
        return apply_curves(images, device_table(exposure_curve, images.device, params.stops))

    def apply_bytes(self, frame: NDArray[np.uint8], params: BrightnessParams, noise: Noise) -> NDArray[np.uint8] | None:
        """:meth:`apply` by a table of the 256 levels."""
        return look_up(frame, exposure_table(params.stops))


@lru_cache(maxsize=64)
def exposure_table(stops: float) -> NDArray[np.uint8]:
    """(1, 256): :func:`exposure_curve` at the 256 levels, rounded to levels."""
    return level_tables(exposure_curve(stops)[0])


@lru_cache(maxsize=64)
def exposure_curve(stops: float) -> Floats:
    """(1, 1, n): the encoded value of each of the ``POSITIONS`` after an exposure 2^``stops`` times as long."""
    gain = 2.0**stops
    exposed = to_encoded(roll_off(gain * to_linear(POSITIONS), min(max(gain, 1.0), HEADROOM)))
    return exposed.astype(np.float32)[None, None]
