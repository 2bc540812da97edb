"""Classification metrics of the protocol ``endoarss``, as the authors of EndoARSS (arXiv 2506.06830) computed them.

Only for comparison with the paper's tables: they are not the metrics of the same names in the standard protocol.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.tasks.classification.metrics import ClassificationMetric, known_labels

if TYPE_CHECKING:
    import pandas as pd

_EPSILON = 1e-3  # the authors' in every ratio but the precision
_EPSILON_PRECISION = 1e-8


def endoarss_accuracy(confusion: ArrayLike) -> Floats:
    """What the paper calls accuracy: the precision of each label, averaged over all labels, (...).

    Args:
        confusion: frames, (..., K, K): rows are the truth, columns the prediction. A label that is never predicted
            counts as 0.

    >>> endoarss_accuracy([[3, 1], [0, 4]]).round(3).item()
    0.9
    """
    table = np.asarray(confusion, np.float64)
    precision: Floats = _diagonal(table) / (table.sum(-2) + _EPSILON_PRECISION)
    return np.asarray(precision.mean(-1))


def endoarss_f1(confusion: ArrayLike) -> Floats:
    """F1 of each label, averaged over all labels, (...); an absent label counts as 0.

    Args:
        confusion: frames, (..., K, K): rows are the truth, columns the prediction.
    """
    table = np.asarray(confusion, np.float64)
    correct = _diagonal(table)
    precision, recall = correct / (table.sum(-2) + _EPSILON), correct / (table.sum(-1) + _EPSILON)
    return np.asarray((2 * precision * recall / (precision + recall + _EPSILON)).mean(-1))


class ConfusionMetric(ClassificationMetric):
    """A metric of the confusion table of a condition; NaN without a labelled frame."""

    def statistics(self, records: pd.DataFrame, num_labels: int) -> Floats:
        """1 for the pair of true label j and prediction k, else 0, (n, K * K); 0 where a label is unknown."""
        labels = max(1, num_labels)
        target, prediction, known = known_labels(records, str(self.task))
        cells = np.where(known, target * labels + prediction, -1)
        return np.asarray(cells[:, None] == np.arange(labels**2), np.float64)

    @staticmethod
    def of_table(confusion: ArrayLike) -> Floats:
        """The metric of confusion tables (..., K, K)."""
        raise NotImplementedError

    def formula(self, sums: Floats) -> Floats:
        labels = math.isqrt(len(sums))
        table = np.moveaxis(sums.reshape(labels, labels, *sums.shape[1:]), (0, 1), (-2, -1))
        return np.where(sums.sum(0) > 0, self.of_table(table), np.nan)


class EndoARSSAccuracy(ConfusionMetric):
    """The mean precision, which the paper calls accuracy."""

    name, label, unit, higher_is_better = "endoarss_accuracy", "Accuracy (EndoARSS)", "%", True
    description = (
        "The paper's accuracy: precision of each {noun}, averaged over all {plural}; one never predicted counts as 0."
    )
    of_table = staticmethod(endoarss_accuracy)


class EndoARSSF1(ConfusionMetric):
    """F1 in which an absent label counts as 0."""

    name, label, unit, higher_is_better = "endoarss_f1", "F1 (EndoARSS)", "%", True
    description = "F1 of each {noun}, averaged over all {plural}; an absent one counts as 0."
    of_table = staticmethod(endoarss_f1)


METRICS: tuple[type[ClassificationMetric], ...] = (EndoARSSAccuracy, EndoARSSF1)


def _diagonal(table: Floats) -> Floats:
    return np.diagonal(table, axis1=-2, axis2=-1)
