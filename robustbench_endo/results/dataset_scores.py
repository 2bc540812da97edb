"""From sums over frames to scores: each function reads as the definition of what it returns.

Sums are float64 (K, ...): K statistics first, then any shape (conditions, resamples). The result drops K.

For comparison with the paper's tables alone: they are not the measures of the same names in the standard protocol.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

_EPSILON = 1e-3  # theirs in every ratio but the precision

_EPSILON_PRECISION = 1e-8


def endoarss_iou(tp: ArrayLike, fp: ArrayLike, fn: ArrayLike) -> Floats:
    """Intersection over union of each class, in [0, 1]; an absent class counts as 0. Their mIoU is the plain mean.

    Args:
        tp, fp, fn: pixels summed over all frames, (..., C).
    """
    tp, fp, fn = (np.asarray(part, np.float64) for part in (tp, fp, fn))
    # They add every frame to their confusion matrix twice.
    return 2 * tp / (2 * (tp + fp + fn) + _EPSILON)


def endoarss_dice(tp: ArrayLike, fp: ArrayLike, fn: ArrayLike) -> Floats:
    """Dice coefficient of each class, in [0, 1]; an absent class counts as 0. Their Dice is the plain mean.

    Args:
        tp, fp, fn: pixels summed over all frames, (..., C).
    """
    tp, fp, fn = (np.asarray(part, np.float64) for part in (tp, fp, fn))
    return 4 * tp / (2 * (2 * tp + fp + fn) + _EPSILON)


def endoarss_accuracy(confusion: ArrayLike) -> Floats:
    """What the paper calls accuracy: the precision of each activity, averaged over all activities, (...).

    Args:
        confusion: frames, (..., K, K): rows are the truth, columns the prediction. An activity that is never
            predicted counts as 0.
    """
    table = np.asarray(confusion, np.float64)
    precision: Floats = _diagonal(table) / (table.sum(-2) + _EPSILON_PRECISION)
    return np.asarray(precision.mean(-1))


def endoarss_f1(confusion: ArrayLike) -> Floats:
    """F1 of each activity, averaged over all activities, (...); an absent activity counts as 0.

    Args:
        confusion: frames, (..., K, K): rows are the truth, columns the prediction.
    """
    table = np.asarray(confusion, np.float64)
    right = _diagonal(table)
    precision, recall = right / (table.sum(-2) + _EPSILON), right / (table.sum(-1) + _EPSILON)
    return np.asarray((2 * precision * recall / (precision + recall + _EPSILON)).mean(-1))


def _diagonal(table: Floats) -> Floats:
    return np.diagonal(table, axis1=-2, axis2=-1)


Floats = NDArray[np.float64]

BINS = 15
"""Confidence bins of equal width of a calibration error."""


def overlap(sums: Floats) -> dict[str, Floats]:
    """Dataset-level mIoU and Dice of counts (3 * C, ...), tp, fp, fn by class; means over the classes that occur."""
    tp, fp, fn = np.split(sums, 3)
    wrong = fp + fn
    return {"miou": mean_of_present(divide(tp, tp + wrong)), "dice": mean_of_present(divide(2 * tp, 2 * tp + wrong))}


def activity(sums: Floats) -> dict[str, Floats]:
    """Accuracy, balanced accuracy, macro-F1 of frames (3 * A, ...): right, occurring, guessed, by activity."""
    right, occurs, guessed = np.split(sums, 3)
    return {
        "accuracy": divide(right.sum(0), occurs.sum(0)),
        "balanced_accuracy": mean_of_present(divide(right, occurs)),
        "macro_f1": mean_of_present(divide(2 * right, occurs + guessed)),
    }


def calibration(sums: Floats) -> Floats:
    """Expected calibration error (Guo et al., ICML 2017): the mean over answers of a bin's |accuracy - confidence|.

    Args:
        sums: (BINS + 1, ...): right answers less confidence of each bin, then the number of answers.
    """
    return divide(np.abs(sums[:-1]).sum(0), sums[-1])


def endoarss_overlap(sums: Floats) -> dict[str, Floats]:
    """The paper's mIoU and Dice of counts as :func:`overlap`; NaN without a judged pixel."""
    parts = [np.moveaxis(part, 0, -1) for part in np.split(sums, 3)]
    judged = sums.sum(0) > 0
    found = {"endoarss_miou": endoarss_iou(*parts), "endoarss_dice": endoarss_dice(*parts)}
    return {name: np.where(judged, values.mean(-1), np.nan) for name, values in found.items()}


def endoarss_activity(sums: Floats) -> dict[str, Floats]:
    """The paper's accuracy and F1 of a confusion table (A * A, ...), truth first; NaN without a judged frame."""
    activities = math.isqrt(len(sums))
    confusion = np.moveaxis(sums.reshape(activities, activities, *sums.shape[1:]), (0, 1), (-2, -1))
    judged = sums.sum(0) > 0
    found = {"endoarss_accuracy": endoarss_accuracy(confusion), "endoarss_f1": endoarss_f1(confusion)}
    return {name: np.where(judged, values, np.nan) for name, values in found.items()}


def ratio(sums: Floats) -> Floats:
    """A mean: sums (2, ...) of values and of how many there are."""
    return divide(sums[0], sums[1])


def divide(numerator: NDArray[np.generic], denominator: NDArray[np.generic]) -> Floats:
    """Quotient; NaN where the denominator is 0."""
    top, bottom = np.broadcast_arrays(np.asarray(numerator, np.float64), np.asarray(denominator, np.float64))
    quotient: Floats = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
    return quotient


def mean_of_present(values: Floats, axis: int = 0) -> Floats:
    """Mean over an axis of what is defined; NaN where nothing is."""
    defined = ~np.isnan(values)
    return divide(np.where(defined, values, 0.0).sum(axis), defined.sum(axis))
