"""Krippendorff's alpha for ordinal ratings."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def ordinal_alpha(ratings: NDArray[np.float64]) -> float:
    """Krippendorff's alpha of ordinal ratings: 1 for agreement, 0 for what chance gives.

    Args:
        ratings: (raters, units), whole numbers in order; NaN where a rater did not rate a unit.

    Returns:
        Alpha, at most 1; NaN if no unit has two ratings, or all ratings are the same.

    Source: Krippendorff, Content Analysis, 3rd ed., 2013, ch. 11, ordinal difference function.

    >>> import numpy as np
    >>> ordinal_alpha(np.array([[1.0, 2, 3, 3], [1, 2, 3, 2]])).__round__(3)
    0.79
    """
    coincidences = _coincidences(ratings)
    totals = coincidences.sum(1)
    count = totals.sum()
    difference = _ordinal_difference(totals)
    expected = float(totals @ difference @ totals)
    if count < 2 or expected == 0:
        return math.nan
    return 1.0 - float((coincidences * difference).sum()) * float(count - 1) / expected


def _coincidences(ratings: NDArray[np.float64]) -> NDArray[np.float64]:
    """(values, values): how often two ratings of one unit were these two values, each pair weighted by 1 / (m - 1)."""
    values = np.unique(ratings[~np.isnan(ratings)])
    counts = (ratings[:, :, None] == values).sum(0).astype(np.float64)  # (units, values)
    number = counts.sum(1)
    counts, number = counts[number >= 2], number[number >= 2]
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(len(values))
    result: NDArray[np.float64] = (pairs / (number - 1)[:, None, None]).sum(0)
    return result


def _ordinal_difference(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared number of ratings between two values, with half of those at either end."""
    middle = np.cumsum(totals) - totals / 2
    return np.square(middle[:, None] - middle[None, :])
