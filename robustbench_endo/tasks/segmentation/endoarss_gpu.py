"""The structural similarity of the protocol ``endoarss`` on a GPU, in plain torch (see :mod:`.endoarss`)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def label_ssim(pred: Tensor, target: Tensor, window: int) -> Tensor:
    """SSIM of label maps as images, uint8 (B, H, W) -> float64 (B,); NaN for a prediction of one class.

    Args:
        pred, target: on one device.
        window: side of the uniform window in pixels, at most 15.
    """
    data_range = (pred.flatten(1).amax(1) - pred.flatten(1).amin(1)).double()
    if min(pred.shape[1:]) < window:
        return torch.full_like(data_range, torch.nan)
    p, t = pred.float(), target.float()
    x, y, xx, yy, xy = (_window_means(values, window) for values in (p, t, p * p, t * t, p * t))
    c1, c2 = (((k * data_range) ** 2)[:, None, None] for k in (0.01, 0.03))
    unbiased = window**2 / (window**2 - 1)
    variances, covariance = unbiased * (xx - x * x + yy - y * y), unbiased * (xy - x * y)
    scores = (2 * x * y + c1) * (2 * covariance + c2) / ((x * x + y * y + c1) * (variances + c2))
    return torch.where(data_range > 0, scores.mean((1, 2)), torch.nan)


def _window_means(values: Tensor, window: int) -> Tensor:
    """Means of whole numbers up to 2^16 over the windows in the map, float32 (B, H, W) -> float64."""
    # Sums under 2^24 are exact in float32, along one axis after the other: 14 numbers a pixel instead of 49.
    lines = F.avg_pool2d(values[:, None], (window, 1), stride=1, divisor_override=1)
    return F.avg_pool2d(lines, (1, window), stride=1, divisor_override=1)[:, 0].double() / window**2
