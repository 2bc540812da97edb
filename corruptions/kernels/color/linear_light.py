"""Linear light: the transfer function of sRGB, and the highlight roll-off of a camera processor."""

from __future__ import annotations

import numpy as np

from robustbench_endo.corruptions.kernels.backend import Doubles

HEADROOM = 2.0
"""Light, as a multiple of white, above which a sensor is saturated: one stop more than the image holds."""

_KNEE = 0.7  # share of white from which highlights are compressed


def to_linear(values: Doubles) -> Doubles:
    """Light, as a share of white, of encoded values in [0, 1] (IEC 61966-2-1).

    >>> import numpy as np
    >>> to_linear(np.array([0.0, 0.5, 1.0])).round(3).tolist()
    [0.0, 0.214, 1.0]
    """
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def to_encoded(light: Doubles) -> Doubles:
    """Inverse of :func:`to_linear`, for light in [0, 1]."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light.clip(1e-9) ** (1 / 2.4) - 0.055)


def roll_off(light: Doubles, white: float) -> Doubles:
    """``light`` compressed from the knee on, with a continuous slope, so that ``white`` (at least 1) becomes 1.

    >>> import numpy as np
    >>> roll_off(np.array([0.5, 1.0, 2.0, 3.0]), 2.0).round(3).tolist()
    [0.5, 0.904, 1.0, 1.0]
    >>> roll_off(np.array([0.5, 1.0]), 1.0).tolist()
    [0.5, 1.0]
    """
    share = ((white - light) / (white - _KNEE)).clip(0.0)
    compressed = 1.0 - (1.0 - _KNEE) * share ** ((white - _KNEE) / (1.0 - _KNEE))
    return np.where(light <= _KNEE, light, compressed)
