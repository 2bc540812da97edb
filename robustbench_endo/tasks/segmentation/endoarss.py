"""Segmentation metrics of the protocol ``endoarss``, as the authors of EndoARSS (arXiv 2506.06830) computed them.

Only for comparison with the paper's tables: none of them is what its name says. The standard metrics are computed in
the same run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.metrics.base import Metric
from robustbench_endo.tasks.segmentation.metrics import OverlapMetric, SegmentationMetric

if TYPE_CHECKING:
    from torch import Tensor

    from robustbench_endo.tasks.segmentation.batch import SegmentationBatch

_EPSILON = 1e-3
_SSIM_WINDOW = 7


def endoarss_iou(tp: ArrayLike, fp: ArrayLike, fn: ArrayLike) -> Floats:
    """Intersection over union of each class, in [0, 1]; an absent class counts as 0.

    Args:
        tp, fp, fn: pixels summed over all frames, (..., C).

    >>> endoarss_iou([8.0, 0.0], [1.0, 0.0], [1.0, 0.0]).round(3).tolist()
    [0.8, 0.0]
    """
    tp, fp, fn = (np.asarray(part, np.float64) for part in (tp, fp, fn))
    # The authors add every frame to their confusion matrix twice.
    return 2 * tp / (2 * (tp + fp + fn) + _EPSILON)


def endoarss_dice(tp: ArrayLike, fp: ArrayLike, fn: ArrayLike) -> Floats:
    """Dice coefficient of each class, in [0, 1]; an absent class counts as 0.

    Args:
        tp, fp, fn: pixels summed over all frames, (..., C).
    """
    tp, fp, fn = (np.asarray(part, np.float64) for part in (tp, fp, fn))
    return 4 * tp / (2 * (2 * tp + fp + fn) + _EPSILON)


class _EndoARSSOverlap(OverlapMetric):
    """Plain mean over all classes; NaN without a scored pixel."""

    frame_column = None

    @staticmethod
    def per_class(tp: ArrayLike, fp: ArrayLike, fn: ArrayLike) -> Floats:
        raise NotImplementedError

    def formula(self, sums: Floats) -> Floats:
        counts = [np.moveaxis(part, 0, -1) for part in np.split(sums, 3)]
        return np.where(sums.sum(0) > 0, self.per_class(*counts).mean(-1), np.nan)


class EndoARSSMeanIoU(_EndoARSSOverlap):
    """mIoU in which an absent class counts as 0."""

    name, label, unit, higher_is_better = "endoarss_miou", "mIoU (EndoARSS)", "%", True
    description = "As mIoU, but a class that occurs nowhere counts as 0."
    per_class = staticmethod(endoarss_iou)


class EndoARSSDice(_EndoARSSOverlap):
    """Dice in which an absent class counts as 0."""

    name, label, unit, higher_is_better = "endoarss_dice", "Dice (EndoARSS)", "%", True
    description = "As Dice, but a class that occurs nowhere counts as 0."
    per_class = staticmethod(endoarss_dice)


class EndoARSSHausdorff(SegmentationMetric):
    """Hausdorff distance of two sets of image ROWS, each row a point whose coordinates are its class indices.

    It is no distance of contours: a mask and its horizontal mirror image may be far apart, one and its vertical mirror
    image have distance 0, and other numbers for the same classes change it.
    """

    name, label, higher_is_better = "endoarss_hd", "Hausdorff (EndoARSS)", False
    description = (
        "The paper's Hausdorff distance, between image rows as points of class indices: no distance of contours."
    )

    def score(self, batch: SegmentationBatch) -> Tensor:
        import torch

        preds, target = (labels.double() for labels in _without_ignored(batch))
        # Whole numbers under 2^53: the products are exact.
        squares = (
            preds.square().sum(2)[:, :, None] + target.square().sum(2)[:, None] - 2 * preds @ target.transpose(1, 2)
        )
        forward, backward = squares.amin(2).amax(1), squares.amin(1).amax(1)
        return torch.where(_has_target(batch), torch.maximum(forward, backward).sqrt(), torch.nan)


class EndoARSSMaskSSIM(SegmentationMetric):
    """Structural similarity of the label maps taken as images, uniform window 7 x 7.

    The data range is that of the prediction, so a prediction of one class has none and is left out (NaN).
    """

    name, label, unit, higher_is_better = "endoarss_ssim", "SSIM (EndoARSS)", "%", True
    description = "Structural similarity of the label maps as images; a prediction of one class is left out."

    def score(self, batch: SegmentationBatch) -> Tensor:
        import torch

        from robustbench_endo.tasks.segmentation.endoarss_gpu import label_ssim

        preds, target = _without_ignored(batch)
        if preds.device.type == "cpu":
            pairs = zip(preds.double().numpy(), target.double().numpy(), strict=True)
            values = torch.tensor([_label_ssim(*pair) for pair in pairs], dtype=torch.float64)
        else:
            values = label_ssim(preds, target, _SSIM_WINDOW)
        return torch.where(_has_target(batch), values, torch.nan)


METRICS: tuple[type[Metric], ...] = (EndoARSSMeanIoU, EndoARSSDice, EndoARSSHausdorff, EndoARSSMaskSSIM)


def _without_ignored(batch: SegmentationBatch) -> tuple[Tensor, Tensor]:
    """Both maps with ignored pixels as class 0, because the authors have no ignored pixels."""
    import torch

    ignored = batch.target == 255
    return torch.where(ignored, 0, batch.preds), torch.where(ignored, 0, batch.target)


def _has_target(batch: SegmentationBatch) -> Tensor:
    return (batch.target != 255).flatten(1).any(1)


def _label_ssim(pred: NDArray[np.float64], target: NDArray[np.float64]) -> float:
    """SSIM with unbiased variances, mean over the pixels whose window lies in the image (as scikit-image)."""
    from scipy.ndimage import uniform_filter

    data_range = pred.max() - pred.min()
    if data_range == 0 or min(pred.shape) < _SSIM_WINDOW:
        return float("nan")
    c1, c2, samples = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2, _SSIM_WINDOW**2
    x, y, xx, yy, xy = (
        uniform_filter(values, _SSIM_WINDOW) for values in (pred, target, pred * pred, target * target, pred * target)
    )
    unbiased = samples / (samples - 1)
    variances, covariance = unbiased * (xx - x * x + yy - y * y), unbiased * (xy - x * y)
    score = (2 * x * y + c1) * (2 * covariance + c2) / ((x * x + y * y + c1) * (variances + c2))
    border = _SSIM_WINDOW // 2
    return float(score[border:-border, border:-border].mean())
