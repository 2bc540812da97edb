"""Sums over frames and what follows from them; every metric is a formula of sums, and so has a value without a subject.

Sums are float64 (K, ...): K statistics first, then any shape (conditions, subjects). A formula drops K. Needs neither
torch nor a GPU.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

NUM_BINS = 15
"""Confidence bins of equal width over [0, 1], each open below and closed above (Guo et al., ICML 2017)."""


def values_and_counts(column: Any) -> Floats:
    """A per-frame value and 1, (n, 2); 0 and 0 where it is not finite, so that such a frame is left out of the mean."""
    column = np.asarray(column, np.float64)
    finite = np.isfinite(column)
    return np.stack((np.where(finite, column, 0.0), finite), axis=1)


def ratio(sums: Floats) -> Floats:
    """First sum over the second, (2, ...) -> (...): the mean of :func:`values_and_counts`.

    >>> ratio(np.array([3.0, 4.0])).item()
    0.75
    """
    return divide(sums[0], sums[1])


def divide(numerator: NDArray[np.generic], denominator: NDArray[np.generic]) -> Floats:
    """Quotient; NaN where the denominator is not positive."""
    top, bottom = np.broadcast_arrays(np.asarray(numerator, np.float64), np.asarray(denominator, np.float64))
    quotient: Floats = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
    return quotient


def mean_of_present(values: Floats, axis: int = 0) -> Floats:
    """Mean over an axis of the values that are not NaN; NaN where none is defined."""
    defined = ~np.isnan(values)
    return divide(np.where(defined, values, 0.0).sum(axis), defined.sum(axis))


def calibration_error(sums: Floats) -> Floats:
    """Expected calibration error: mean over predictions of a bin's |accuracy - confidence| (Guo et al., ICML 2017).

    Args:
        sums: (NUM_BINS + 1, ...): correct predictions less confidence of each bin, then the number of predictions.
    """
    return divide(np.abs(sums[:-1]).sum(0), sums[-1])


def bin_of(confidence: Floats) -> Codes:
    """Bin of each confidence, 0 to NUM_BINS - 1: bin b is (b / 15, (b + 1) / 15]."""
    bins: Codes = np.clip(np.ceil(confidence * NUM_BINS).astype(np.intp) - 1, 0, NUM_BINS - 1)
    return bins
