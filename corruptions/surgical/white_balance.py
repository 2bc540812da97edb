"""White-balance cast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption
from robustbench_endo.corruptions.kernels.backend import Doubles
from robustbench_endo.corruptions.kernels.color.linear_light import to_encoded, to_linear
from robustbench_endo.corruptions.kernels.color.tone_curve import POSITIONS, apply_curves, level_tables, look_up
from robustbench_endo.corruptions.kernels.host_values import upload
from robustbench_endo.corruptions.rng import Noise

_WHITE = 182.0  # mired: 5500 K, a xenon source
_WAVELENGTHS = np.array([600.0, 540.0, 450.0]) * 1e-9  # m: the centres of red, green and blue
_SECOND_RADIATION_CONSTANT = 1.438777e-2  # m K
_DIRECTION = 0  # stream


@dataclass(frozen=True)
class WhiteBalanceParams:
    """Parameters of :class:`WhiteBalance`.

    Attributes:
        shift: difference of the colour temperatures of lamp and setting, in mired (10^6 / kelvin).
    """

    shift: Annotated[float, "mired"]


@dataclass(frozen=True)
class WhiteBalance(Corruption):
    """Channel gains in linear light: those between two black bodies, warmer or cooler by frame, at constant luminance.

    >>> WhiteBalance().severities[2]
    WhiteBalanceParams(shift=95.0)
    """

    name: ClassVar[str] = "white_balance"
    category: ClassVar[Category] = "digital"
    cause: ClassVar[str] = "The white balance was not set after a change of the lamp, or was set on a coloured gauze."
    citation: ClassVar[str] = "Afifi & Brown, ICCV 2019 (colour constancy errors); Planck's law."
    bounded: ClassVar[bool] = True

    severities: tuple[WhiteBalanceParams, ...] = (
        WhiteBalanceParams(35.0),
        WhiteBalanceParams(65.0),
        WhiteBalanceParams(95.0),
        WhiteBalanceParams(130.0),
        WhiteBalanceParams(165.0),
    )

    def apply(self, images: Tensor, params: WhiteBalanceParams, noise: Noise) -> Tensor:
        """``images`` x channel gains, in linear light, clipped at white."""
        (curves,) = upload((self._curves(params, noise.host),), images.device)
        return apply_curves(images, curves)

    def apply_bytes(
        self, frame: NDArray[np.uint8], params: WhiteBalanceParams, noise: Noise
    ) -> NDArray[np.uint8] | None:
        """:meth:`apply` to 8-bit levels, by a table for each channel."""
        return look_up(frame, level_tables(self._curves(params, noise)[0].numpy()))

    def _curves(self, params: WhiteBalanceParams, noise: Noise) -> Tensor:
        warm = noise.integers(2, (1,), _DIRECTION)[:, 0].tolist()
        gains = np.stack([channel_gains(params.shift * (2 * sign - 1)) for sign in warm])
        light = np.minimum(to_linear(POSITIONS) * gains[..., None], 1.0)
        return torch.from_numpy(to_encoded(light)).float()


def channel_gains(shift: float) -> Doubles:
    """Gains of red, green and blue for a lamp ``shift`` mired warmer than the setting; luminance 1.

    >>> channel_gains(50.0).round(2).tolist()
    [1.13, 0.99, 0.76]
    """
    # Wien's approximation: a ratio of radiances is exp(-c2 / lambda (1/T - 1/T0)).
    gains = np.exp(-_SECOND_RADIATION_CONSTANT / _WAVELENGTHS * max(shift, 10.0 - _WHITE) * 1e-6)
    scaled: Doubles = gains / (gains @ np.array([0.2126, 0.7152, 0.0722]))
    return scaled
