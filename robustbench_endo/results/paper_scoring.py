"""The dataset-level scores of the protocol ``paper``, as the authors of EndoARSS (arXiv 2506.06830) computed them.

For comparison with the paper's tables alone: they are not the measures of the same names in the standard protocol.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_EPSILON = 1e-3  # theirs in every ratio but the precision
_EPSILON_PRECISION = 1e-8


def paper_iou(tp: ArrayLike, fp: ArrayLike, fn: ArrayLike) -> Floats:
    """Intersection over union of each class, in [0, 1]; an absent class counts as 0. Their mIoU is the plain mean.

    Args:
        tp, fp, fn: pixels summed over all frames, (..., C).
    """
    tp, fp, fn = (np.asarray(part, np.float64) for part in (tp, fp, fn))
    # They add every frame to their confusion matrix twice.
    return 2 * tp / (2 * (tp + fp + fn) + _EPSILON)


def paper_dice(tp: ArrayLike, fp: ArrayLike, fn: ArrayLike) -> Floats:
    """Dice coefficient of each class, in [0, 1]; an absent class counts as 0. Their Dice is the plain mean.

    Args:
        tp, fp, fn: pixels summed over all frames, (..., C).
    """
    tp, fp, fn = (np.asarray(part, np.float64) for part in (tp, fp, fn))
    return 4 * tp / (2 * (2 * tp + fp + fn) + _EPSILON)


def paper_accuracy(confusion: ArrayLike) -> Floats:
    """What the paper calls accuracy: the precision of each activity, averaged over all activities, (...).

    Args:
        confusion: frames, (..., K, K): rows are the truth, columns the prediction. An activity that is never
            predicted counts as 0.
    """
    table = np.asarray(confusion, np.float64)
    precision: Floats = _diagonal(table) / (table.sum(-2) + _EPSILON_PRECISION)
    return np.asarray(precision.mean(-1))


def paper_f1(confusion: ArrayLike) -> Floats:
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
