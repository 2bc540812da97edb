"""The segmentation metrics of the standard protocol: per frame, means over the classes present in it."""

from __future__ import annotations

from torch import Tensor

from robustbench_endo.metrics.base import Metric, SegmentationBatch


class MeanIoU(Metric):
    """Intersection over union, mean over the classes in prediction or mask, background included, [0, 1]."""

    name, higher_is_better, unit = "miou", True, ""

    def score(self, batch: SegmentationBatch) -> Tensor:
        return batch.counts.iou().nanmean(1)


class Dice(Metric):
    """Dice coefficient, mean over the classes in prediction or mask, background included, [0, 1]."""

    name, higher_is_better, unit = "dice", True, ""

    def score(self, batch: SegmentationBatch) -> Tensor:
        return batch.counts.dice().nanmean(1)


class HausdorffDistance(Metric):
    """Hausdorff distance of the boundaries, mean over the foreground classes in prediction or mask, px."""

    name, higher_is_better, unit = "hd", False, "px"

    def score(self, batch: SegmentationBatch) -> Tensor:
        return batch.surface.hd[:, 1:].nanmean(1)


class HausdorffDistance95(Metric):
    """95th percentile of the boundary distances, mean over the foreground classes in prediction or mask, px."""

    name, higher_is_better, unit = "hd95", False, "px"

    def score(self, batch: SegmentationBatch) -> Tensor:
        return batch.surface.hd95[:, 1:].nanmean(1)


class AverageSurfaceDistance(Metric):
    """Average symmetric surface distance, mean over the foreground classes in prediction or mask, px."""

    name, higher_is_better, unit = "assd", False, "px"

    def score(self, batch: SegmentationBatch) -> Tensor:
        return batch.surface.assd[:, 1:].nanmean(1)


class SurfaceDice(Metric):
    """Normalised surface Dice at 2 px, mean over the foreground classes in prediction or mask, [0, 1]."""

    name, higher_is_better, unit = "nsd", True, ""

    def score(self, batch: SegmentationBatch) -> Tensor:
        return batch.surface.nsd[:, 1:].nanmean(1)


class MaskSSIM(Metric):
    """SSIM of the one-hot masks, mean over the classes in prediction or mask, background included, [-1, 1]."""

    name, higher_is_better, unit = "ssim", True, ""

    def score(self, batch: SegmentationBatch) -> Tensor:
        return batch.similarity.nanmean(1)


STANDARD: tuple[type[Metric], ...] = (
    MeanIoU,
    Dice,
    HausdorffDistance,
    HausdorffDistance95,
    AverageSurfaceDistance,
    SurfaceDice,
    MaskSSIM,
)
