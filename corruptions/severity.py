"""Severities: whole numbers have parameters of their own, numbers between them interpolated ones."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from robustbench_endo.corruptions.errors import CorruptionError

SEVERITIES = (1, 2, 3, 4, 5)


def check_severity(severity: float, name: str) -> None:
    """Raise :class:`CorruptionError` unless ``severity`` is 0 or a number from 1 to 5."""
    number = isinstance(severity, (int, float)) and not isinstance(severity, bool)
    if not number or not (severity == 0 or 1 <= severity <= 5):
        raise CorruptionError(
            f"Corruption {name}: expected a severity from 1 to 5, or 0 for the clean image, got {severity!r}."
        )


def check_severities(severities: Sequence[float]) -> tuple[float, ...]:
    """``severities`` as a tuple.

    Raises:
        CorruptionError: empty, or one outside 1 to 5.
    """
    if not severities or not set(severities) <= set(SEVERITIES):
        raise CorruptionError(f"Expected severities from 1 to 5, got {list(severities)}.")
    return tuple(severities)


def interpolate(severities: Sequence[Any], severity: float) -> Any:
    """The parameters at a severity from 1 to 5.

    Args:
        severities: the parameters at severities 1 to 5, instances of one dataclass.
        severity: between two whole numbers, every number is interpolated linearly, and integers are rounded; values of
            other types are those of the lower severity.

    >>> from robustbench_endo.corruptions import load_suite
    >>> interpolate(load_suite("endo19").get("gaussian_blur").severities, 2.5)
    GaussianBlurParams(sigma=2.5)
    """
    lower = math.floor(severity)
    share = severity - lower
    if share == 0:
        return severities[lower - 1]
    low, high = severities[lower - 1], severities[lower]
    names = [field.name for field in dataclasses.fields(low)]
    return dataclasses.replace(
        low, **{name: _between(getattr(low, name), getattr(high, name), share) for name in names}
    )


def _between(low: Any, high: Any, share: float) -> Any:
    if isinstance(low, bool) or not isinstance(low, (int, float)) or low == high:
        return low
    value = low + (high - low) * share
    return round(value) if isinstance(low, int) and isinstance(high, int) else value
