"""The per-frame scores of the protocol ``paper``, as the authors of EndoARSS (arXiv 2506.06830) computed them.

For comparison with the paper's tables alone: neither is what its name says. The standard metrics are beside them.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from torch import Tensor

from robustbench_endo.metrics.base import Metric, SegmentationBatch
from robustbench_endo.types import IGNORE

_WINDOW = 7


class EndoARSSHausdorff(Metric):
    """Hausdorff distance of two sets of image ROWS, each row a point whose coordinates are its class indices.

    No distance of contours: a mask and its mirror image from left to right may be far apart, one and its mirror image
    from top to bottom are 0 apart, and other numbers for the same classes change it.
    """

    name, higher_is_better, unit = "endoarss_hd", False, ""

    def score(self, batch: SegmentationBatch) -> Tensor:
        p, t = (labels.double() for labels in _plain(batch))
        # Whole numbers under 2^53: the products are exact.
        squares = p.square().sum(2)[:, :, None] + t.square().sum(2)[:, None] - 2 * p @ t.transpose(1, 2)
        there, back = squares.amin(2).amax(1), squares.amin(1).amax(1)
        return torch.where(_judged(batch), torch.maximum(there, back).sqrt(), torch.nan)


class EndoARSSMaskSSIM(Metric):
    """Structural similarity of the label maps taken as pictures, uniform window 7 x 7.

    The data range is that of the prediction, so a prediction of one class has none and is left out (NaN).
    """

    name, higher_is_better, unit = "endoarss_ssim", True, ""

    def score(self, batch: SegmentationBatch) -> Tensor:
        p, t = (labels.cpu().double().numpy() for labels in _plain(batch))
        values = [_similarity(*pair) for pair in zip(p, t, strict=True)]
        return torch.where(_judged(batch).cpu(), torch.tensor(values, dtype=torch.float64), torch.nan)


ENDOARSS: tuple[type[Metric], ...] = (EndoARSSHausdorff, EndoARSSMaskSSIM)


def _plain(batch: SegmentationBatch) -> tuple[Tensor, Tensor]:
    """Both maps; the authors know no ignored pixels, so these are class 0 in both."""
    ignored = batch.target == IGNORE
    return torch.where(ignored, 0, batch.labels), torch.where(ignored, 0, batch.target)


def _judged(batch: SegmentationBatch) -> Tensor:
    return (batch.target != IGNORE).flatten(1).any(1)


def _similarity(pred: NDArray[np.float64], target: NDArray[np.float64]) -> float:
    """SSIM with unbiased variances, mean over the pixels whose window lies in the image (as scikit-image)."""
    span = pred.max() - pred.min()
    if span == 0 or min(pred.shape) < _WINDOW:
        return float("nan")
    c1, c2, samples = (0.01 * span) ** 2, (0.03 * span) ** 2, _WINDOW**2
    x, y, xx, yy, xy = (
        uniform_filter(values, _WINDOW) for values in (pred, target, pred * pred, target * target, pred * target)
    )
    unbiased = samples / (samples - 1)
    variances, covariance = unbiased * (xx - x * x + yy - y * y), unbiased * (xy - x * y)
    score = (2 * x * y + c1) * (2 * covariance + c2) / ((x * x + y * y + c1) * (variances + c2))
    border = _WINDOW // 2
    return float(score[border:-border, border:-border].mean())
