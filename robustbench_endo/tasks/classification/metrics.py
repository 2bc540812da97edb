"""The metrics of classification tasks, each declared once; needs neither torch nor a GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.metrics.aggregation import (
    NUM_BINS,
    Codes,
    Floats,
    bin_of,
    calibration_error,
    divide,
    mean_of_present,
)
from robustbench_endo.metrics.base import Metric

if TYPE_CHECKING:
    import pandas as pd

    from robustbench_endo.tasks.classification.task import Classification


def known_labels(records: pd.DataFrame, task: str) -> tuple[Codes, Codes, NDArray[np.bool_]]:
    """True label, predicted label, and whether both are known, each (n,)."""
    target = records[f"{task}_target"].to_numpy(np.intp)
    prediction = records[f"{task}_prediction"].to_numpy(np.intp)
    return target, prediction, (target >= 0) & (prediction >= 0)


class ClassificationMetric(Metric):
    """A metric of one classification task; its name carries the prefix of the task.

    In its label and description ``{title}``, ``{noun}`` and ``{plural}`` stand for those of the task.
    """

    column: str | None = None

    def __init__(self, task: Classification) -> None:
        super().__init__()
        names = {"title": task.title, "noun": task.noun, "plural": task.label_attribute}
        self.task = task.name
        self.name = f"{task.prefix}{self.name}"
        self.description = self.description.format(**names)
        label = self.label.format(**names)
        self.label = f"{task.title}: {label}" if task.prefix and task.title not in label else label


class LabelCountMetric(ClassificationMetric):
    """A metric of correct, occurring and predicted frames per label."""

    def statistics(self, records: pd.DataFrame, num_labels: int) -> Floats:
        """Correct, occurring, predicted: 0 or 1 for each label, (n, 3 * K); 0 where a label is unknown."""
        target, prediction, known = known_labels(records, str(self.task))
        index = np.arange(max(1, num_labels))
        occurs = (target[:, None] == index) & known[:, None]
        predicted = (prediction[:, None] == index) & known[:, None]
        return np.concatenate((occurs & predicted, occurs, predicted), axis=1).astype(np.float64)


class Accuracy(LabelCountMetric):
    """Fraction of frames with the correct label."""

    name, label, unit, higher_is_better = "accuracy", "{title} accuracy", "%", True
    description = "Fraction of frames with the correct {noun}."

    def formula(self, sums: Floats) -> Floats:
        correct, occurs, _ = np.split(sums, 3)
        return divide(correct.sum(0), occurs.sum(0))


class BalancedAccuracy(LabelCountMetric):
    """Recall averaged over the labels that occur."""

    name, label, unit, higher_is_better = "balanced_accuracy", "Balanced accuracy", "%", True
    description = "Recall of each {noun} that occurs, averaged over {plural}."

    def formula(self, sums: Floats) -> Floats:
        correct, occurs, _ = np.split(sums, 3)
        return mean_of_present(divide(correct, occurs))


class MacroF1(LabelCountMetric):
    """F1 averaged over the labels that occur or are predicted."""

    name, label, unit, higher_is_better = "macro_f1", "Macro F1", "%", True
    description = "F1 of each {noun} that occurs or is predicted, averaged over {plural}."

    def formula(self, sums: Floats) -> Floats:
        correct, occurs, predicted = np.split(sums, 3)
        return mean_of_present(divide(2 * correct, occurs + predicted))


class CalibrationError(ClassificationMetric):
    """Expected calibration error of the confidence (Guo et al., ICML 2017)."""

    name, label, unit, higher_is_better = "ece", "Calibration error", "%", False
    description = "Expected calibration error of the {noun} confidence, 15 bins of equal width."

    def statistics(self, records: pd.DataFrame, num_labels: int) -> Floats:
        """Correct less confidence in the bin of the confidence, then 1, (n, NUM_BINS + 1); 0 for unknown labels."""
        target, prediction, known = known_labels(records, str(self.task))
        confidence = records[f"{self.task}_confidence"].to_numpy(np.float64)
        known = known & np.isfinite(confidence)
        confidence = np.where(known, confidence, 0.0)
        gaps = np.zeros((len(records), NUM_BINS + 1))
        gaps[np.arange(len(records)), bin_of(confidence)] = np.where(known, (target == prediction) - confidence, 0.0)
        gaps[:, -1] = known
        return gaps

    def formula(self, sums: Floats) -> Floats:
        return calibration_error(sums)


class Brier(ClassificationMetric):
    """Brier score (1950), 0 to 2."""

    name, label, higher_is_better = "brier", "Brier score", False
    description = (
        "Squared distance of the {noun} probabilities from the truth, summed over {plural}, averaged over frames: "
        "0 (confident and correct) to 2 (confident and wrong)."
    )

    def __init__(self, task: Classification) -> None:
        super().__init__(task)
        self.column = f"{task.name}_brier"
        self.frame_column = self.column


METRICS: tuple[type[ClassificationMetric], ...] = (Accuracy, BalancedAccuracy, MacroF1, CalibrationError, Brier)
