"""Severities: whole numbers from 1 to 5, or numbers between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

DECIMALS = 3
"""Decimals of a severity: file names, tables and records show it exactly."""


def as_severity(value: float) -> float:
    """A severity as tables and file names print it: a whole number is an int, any other a float.

    >>> import numpy as np
    >>> as_severity(2.0), as_severity(np.float32(2.4))
    (2, 2.4)
    """
    rounded = round(float(value), DECIMALS)
    return int(rounded) if rounded.is_integer() else rounded


def has_fractions(severities: Sequence[float]) -> bool:
    """Whether a severity is no whole number, so that records need floating severities."""
    return any(as_severity(severity) % 1 for severity in severities)


def severity_codes(severities: Sequence[float], values: NDArray[np.generic]) -> NDArray[np.int64]:
    """The position of each value among ascending severities; -1 for one that is none of them.

    >>> import numpy as np
    >>> severity_codes([0, 1, 2.4], np.array([2.4, 3.0, 0.0]))
    array([ 2, -1,  0])
    """
    import numpy as np  # not needed by the command line's help

    levels, numbers = np.asarray(severities, np.float64), np.asarray(values, np.float64)
    position = np.minimum(np.searchsorted(levels, numbers), len(levels) - 1)
    return np.where(levels[position] == numbers, position, -1).astype(np.int64)
