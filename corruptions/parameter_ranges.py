"""The ranges of the parameters that a suite file may set: outside them, pixels are undefined or take hours."""

from __future__ import annotations

import math
from typing import Any

from robustbench_endo.corruptions.errors import CorruptionError

_SHARE = (0.0, 1.0)

_BY_UNIT: dict[str, tuple[float, float]] = {
    "share": _SHARE,
    "share of values": _SHARE,
    "share of the frame": _SHARE,
    "share of the frames": _SHARE,
    "share of the light": _SHARE,
    "opacity": _SHARE,
    "share of white": (0, 10),
    "share of the value": (0, 10),
    "value": (-1, 1),
    "saturation": (-1, 1),
    "px": (0, 1000),
    "kernel px": (0, 100),
    "1/px": (0, 1000),
    "passes": (0, 100),
    "count": (0, 1000),
    "cells": (1, 1000),
    "sub-pixels": (1, 64),
    "steps/px": (1, 64),
    "times": (0, 100),
    "stops": (0, 10),
    "photons": (0.01, 10_000),
    "IJG quality": (1, 100),
    "degrees": (0, 360),
    "exponent": (-10, 10),
    "optical depth": (0, 100),
    "log density": (0, 10),
    "level": (-10, 10),
    "slope": (0, 100),
    "standard deviations": (-10, 10),
    "share of the side": (0.001, 10),
    "share of the radius": (0, 0.9),
    "electrons": (0, 10_000_000),
    "mired": (0, 500),
    "diopters": (0, 50),
    "compression ratio": (1, 10_000),
    "CRF": (0, 51),
    "kbit/s": (0, 1_000_000),
}
"""Unit of a parameter -> smallest and largest value."""

_SHORTEST = 0.1
"""Smallest length in pixels that is not 0: the work grows with the square of its inverse."""

_BY_NAME: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("radius", "sigma", "length", "pool", "warp", "unit", "scale", "patch"), (_SHORTEST, 1000)),
    "block": (1, 64),
    "full_well": (1, 10_000_000),
    "blur": (0, 50),
    "zoom": (1, 10),
    "step": (0.001, 1),
    "under": (0.01, 10),
    "over": (0.01, 10),
}
"""Name of a parameter -> its range, where it differs from that of its unit: many are divisors."""


def check_parameter(value: Any, name: str, unit: str, source: str) -> None:
    """Raise :class:`CorruptionError` unless a number is finite and in the range of its parameter.

    Args:
        value: of any type; only numbers have a range.
        name: of the parameter.
        unit: of the parameter, empty where it has none.
        source: begins the message.

    >>> check_parameter(0.2, "std", "share of white", "Suite mine: gaussian_noise.std")
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return
    low, high = _BY_NAME.get(name, _BY_UNIT.get(unit, (-math.inf, math.inf)))
    finite = isinstance(value, int) or math.isfinite(value)
    if not finite or not low <= value <= high:
        raise CorruptionError(f"{source}: expected values from {low:g} to {high:g}, got {value}.")
    if unit == "px" and 0 < value < _SHORTEST:
        raise CorruptionError(f"{source}: expected 0 or at least {_SHORTEST} px, got {value}.")
