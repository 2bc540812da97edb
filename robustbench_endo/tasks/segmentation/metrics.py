"""The segmentation metrics, each declared once: definition, unit, direction, and how it follows from the records.

Values per frame are means over the classes in prediction or target. Records are read without torch and without a GPU.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.metrics.aggregation import (
    NUM_BINS,
    Floats,
    calibration_error,
    divide,
    mean_of_present,
    values_and_counts,
)
from robustbench_endo.metrics.base import Metric

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

    from robustbench_endo.tasks.segmentation.batch import SegmentationBatch
    from robustbench_endo.tasks.segmentation.tolerance import NsdTolerance


class SegmentationMetric(Metric):
    """A metric of label maps; a user's own subclasses this or :class:`~robustbench_endo.metrics.Metric`."""

    task = "segmentation"

    def score(self, batch: SegmentationBatch) -> Tensor | NDArray[Any]:
        """See :meth:`Metric.score`."""
        return super().score(batch)


SURROUND = "surround_"  # start of the names of the pixel counts in the black surround


def count_columns(num_classes: int, part: str = "") -> list[str]:
    """Names of the pixel counts per class: ``tp_0 .. fn_<C-1>``; ``part`` stands before each."""
    return [f"{part}{kind}_{index}" for kind in ("tp", "fp", "fn") for index in range(num_classes)]


def bin_columns(kind: str) -> list[str]:
    """Names of the confidence bins of sampled pixels: ``seg_bin_<kind>_0 .. _14``; kind: count, correct, confidence."""
    return [f"seg_bin_{kind}_{index}" for index in range(NUM_BINS)]


def class_iou(sums: Floats) -> Floats:
    """Intersection over union of each class, (3 * C, ...) -> (C, ...); NaN where neither prediction nor mask has it."""
    tp, fp, fn = np.split(sums, 3)
    return divide(tp, tp + (fp + fn))


def class_dice(sums: Floats) -> Floats:
    """Dice of each class, (3 * C, ...) -> (C, ...); NaN where neither prediction nor mask has it."""
    tp, fp, fn = np.split(sums, 3)
    return divide(2 * tp, 2 * tp + (fp + fn))


class OverlapMetric(SegmentationMetric):
    """A metric of pixel counts that are summed over all frames of a condition."""

    column = None

    def statistics(self, records: pd.DataFrame, num_labels: int) -> Floats:
        """Pixels tp, fp, fn of each class, (n, 3 * C)."""
        return np.asarray(records[count_columns(num_labels)], np.float64)


class MeanIoU(OverlapMetric):
    """Intersection over union of the data set, mean over the classes that occur."""

    name, label, unit, higher_is_better = "miou", "mIoU", "%", True
    label_metric = "iou"
    frame_column = "iou_mean"
    description = (
        "Intersection over union from pixel counts summed over all frames, averaged over classes, background included; "
        "a class absent from every prediction and mask is left out."
    )

    def formula(self, sums: Floats) -> Floats:
        return mean_of_present(class_iou(sums))


class Dice(OverlapMetric):
    """Dice coefficient of the data set, mean over the classes that occur."""

    name, label, unit, higher_is_better = "dice", "Dice", "%", True
    label_metric = "dice"
    frame_column = "dice_mean"
    description = "Dice coefficient, from the same summed counts as mIoU."

    def formula(self, sums: Floats) -> Floats:
        return mean_of_present(class_dice(sums))


class MeanIoUForeground(OverlapMetric):
    """As mIoU, without the background."""

    name, label, unit, higher_is_better = "miou_foreground", "Foreground mIoU", "%", True
    label_metric = "iou"
    frame_column = None
    description = (
        "Intersection over union from the same summed counts as mIoU, averaged over all classes but background."
    )

    def formula(self, sums: Floats) -> Floats:
        return mean_of_present(class_iou(sums)[1:])


class DiceForeground(OverlapMetric):
    """As Dice, without the background."""

    name, label, unit, higher_is_better = "dice_foreground", "Foreground Dice", "%", True
    label_metric = "dice"
    frame_column = None
    description = "Dice coefficient from the same summed counts as mIoU, averaged over all classes but the background."

    def formula(self, sums: Floats) -> Floats:
        return mean_of_present(class_dice(sums)[1:])


class DiceWorstClass(OverlapMetric):
    """Dice of the foreground class with the smallest one."""

    name, label, unit, higher_is_better = "dice_worst_class", "Dice of the worst class", "%", True
    frame_column = None
    description = (
        "Smallest Dice of all classes but the background, from the same summed counts as mIoU; a class that no mask "
        "shows is not counted."
    )

    def formula(self, sums: Floats) -> Floats:
        tp, _, fn = (part[1:] for part in np.split(sums, 3))
        dice = np.where(tp + fn > 0, class_dice(sums)[1:], np.inf)
        smallest = dice.min(axis=0, initial=np.inf)
        return np.where(np.isfinite(smallest), smallest, np.nan)


class ClassMetric(OverlapMetric):
    """A score of one class, such as ``dice[shaft]``.

    Args:
        index: of the class.
        class_name: its name in the run.
    """

    unit, higher_is_better = "%", True
    frame_column = None
    kind: str
    title: str
    sentence: str

    def __init__(self, index: int, class_name: str) -> None:
        self.index = index
        self.name, self.label = f"{self.kind}[{class_name}]", f"{self.title} of {class_name}"
        self.description = self.sentence.format(class_name)
        super().__init__()

    @staticmethod
    def of_classes(sums: Floats) -> Floats:
        """The score of all classes, (3 * C, ...) -> (C, ...)."""
        raise NotImplementedError

    def formula(self, sums: Floats) -> Floats:
        return np.asarray(self.of_classes(sums[self.index :: len(sums) // 3])[0])

    def frame_values(self, records: pd.DataFrame) -> Floats:
        """The score of each frame, (n,); NaN where neither its prediction nor its mask has the class."""
        counts = [f"{kind}_{self.index}" for kind in ("tp", "fp", "fn")]
        return np.asarray(self.of_classes(records[counts].to_numpy(np.float64).T)[0])


class ClassDice(ClassMetric):
    """Dice of one class."""

    kind, title, sentence = (
        "dice",
        "Dice",
        "Dice coefficient of the class {}, from pixel counts summed over all frames.",
    )
    of_classes = staticmethod(class_dice)


class ClassIoU(ClassMetric):
    """Intersection over union of one class."""

    kind, title = "iou", "IoU"
    sentence = "Intersection over union of the class {}, from pixel counts summed over all frames."
    of_classes = staticmethod(class_iou)


class MeanIoUPerImage(SegmentationMetric):
    """Intersection over union of each frame, background included."""

    name, label, unit, higher_is_better = "miou_per_image", "mIoU per frame", "%", True
    column = "iou_mean"
    description = "mIoU of each frame over the classes present in it, averaged over frames."

    def score(self, batch: SegmentationBatch) -> Tensor:
        return batch.counts.iou().nanmean(1)


class DicePerImage(SegmentationMetric):
    """Dice coefficient of each frame, background included."""

    name, label, unit, higher_is_better = "dice_per_image", "Dice per frame", "%", True
    column = "dice_mean"
    description = "Dice of each frame, averaged over frames."

    def score(self, batch: SegmentationBatch) -> Tensor:
        return batch.counts.dice().nanmean(1)


class HausdorffDistance(SegmentationMetric):
    """Hausdorff distance of the boundaries, mean over the foreground classes, px."""

    name, label, unit, higher_is_better = "hd", "Hausdorff distance", "px", False
    description = (
        "Largest distance between the boundaries of prediction and mask, per foreground class present, averaged; "
        "the image diagonal when only one of the two has the class."
    )

    def score(self, batch: SegmentationBatch) -> Tensor:
        return batch.surface.hd[:, 1:].nanmean(1)


class HausdorffDistance95(SegmentationMetric):
    """95th percentile of the boundary distances, mean over the foreground classes, px."""

    name, label, unit, higher_is_better = "hd95", "HD95", "px", False
    description = "As the Hausdorff distance, but the 95th percentile instead of the maximum."

    def score(self, batch: SegmentationBatch) -> Tensor:
        return batch.surface.hd95[:, 1:].nanmean(1)


class AverageSurfaceDistance(SegmentationMetric):
    """Average symmetric surface distance, mean over the foreground classes, px."""

    name, label, unit, higher_is_better = "assd", "Average surface distance", "px", False
    description = "Mean distance from each boundary pixel to the other boundary, both directions together."

    def score(self, batch: SegmentationBatch) -> Tensor:
        return batch.surface.assd[:, 1:].nanmean(1)


class HausdorffDiagonal(SegmentationMetric):
    """Hausdorff distance relative to the image diagonal."""

    name, label, unit, higher_is_better = "hd_diagonal", "Hausdorff distance", "% of diagonal", False
    column = None
    description = "Hausdorff distance over image diagonal."

    def statistics(self, records: pd.DataFrame, num_labels: int) -> Floats:
        """Relative distance and 1, (n, 2)."""
        return values_and_counts(self.frame_values(records))

    def frame_values(self, records: pd.DataFrame) -> Floats:
        """Distance over diagonal of each frame, (n,)."""
        return np.asarray(records["hd"].to_numpy(np.float64) / records["diagonal"].to_numpy(np.float64))


class SurfaceDice(SegmentationMetric):
    """Normalised surface Dice, mean over the foreground classes.

    Args:
        tolerance: of each class; None for 2 px of the scored mask.
    """

    name, unit, higher_is_better = "nsd", "%", True

    def __init__(self, tolerance: NsdTolerance | None = None) -> None:
        self.tolerance = tolerance
        words = "2 px" if tolerance is None else str(tolerance)
        self.label = f"Surface Dice within {words}"
        self.description = (
            f"Fraction of both boundaries that lies within {words} of the other one (normalised surface Dice)."
        )
        super().__init__()

    def score(self, batch: SegmentationBatch) -> Tensor:
        return batch.surface_dice[:, 1:].nanmean(1)


class MaskSSIM(SegmentationMetric):
    """SSIM of the one-hot masks, background included, [-1, 1]."""

    name, label, unit, higher_is_better = "ssim", "Mask SSIM", "%", True
    description = "Structural similarity of predicted and true one-hot masks, averaged over the classes present."

    def score(self, batch: SegmentationBatch) -> Tensor:
        return batch.similarity.nanmean(1)


class MissedClasses(SegmentationMetric):
    """Foreground classes that only one of prediction and mask has."""

    name, label, unit, higher_is_better = "missed_rate", "Missed classes", "%", False
    column = None
    description = "Share of foreground classes in prediction or mask that the other lacks."

    def statistics(self, records: pd.DataFrame, num_labels: int) -> Floats:
        """Missed and scored classes, (n, 2)."""
        return np.asarray(records[["n_missed_classes", "n_scored_classes"]], np.float64)


class SegmentationCalibrationError(SegmentationMetric):
    """Expected calibration error of the pixels' confidence (Guo et al., ICML 2017)."""

    name, label, unit, higher_is_better = "segmentation_ece", "Mask calibration error", "%", False
    column = None
    description = (
        "Expected calibration error of the pixels' confidence, from a fixed sample of each frame's pixels, 15 bins."
    )

    def statistics(self, records: pd.DataFrame, num_labels: int) -> Floats:
        """Correct pixels less their confidence in each bin, then the pixels, (n, NUM_BINS + 1)."""
        count, correct, confidence = (
            records[bin_columns(kind)].to_numpy(np.float64) for kind in ("count", "correct", "confidence")
        )
        return np.concatenate((correct - np.nan_to_num(confidence), count.sum(1, keepdims=True)), axis=1)

    def formula(self, sums: Floats) -> Floats:
        return calibration_error(sums)


METRICS: tuple[type[Metric], ...] = (
    MeanIoU,
    Dice,
    MeanIoUForeground,
    DiceForeground,
    DiceWorstClass,
    MeanIoUPerImage,
    DicePerImage,
    HausdorffDistance,
    HausdorffDistance95,
    AverageSurfaceDistance,
    HausdorffDiagonal,
    SurfaceDice,
    MaskSSIM,
    MissedClasses,
    SegmentationCalibrationError,
)
