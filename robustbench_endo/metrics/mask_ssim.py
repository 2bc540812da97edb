"""Structural similarity of predicted and true one-hot masks."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics.checks import check_label_maps, without_ignored
from robustbench_endo.metrics.dose import band, ssim_map
from robustbench_endo.metrics.mask_ssim_kernels import image_similarity
from robustbench_endo.metrics.ssim_kernels import RADIUS

_MEMORY = 1 << 30
"""Bytes at most for the one-hot masks and their means on a GPU."""


def mask_ssim(pred: Tensor, target: Tensor, num_classes: int) -> Tensor:
    """SSIM (Wang et al., 2004) of the one-hot masks, float64 (B, C) on the CPU; NaN where neither map has the class.

    In [-1, 1]. Gaussian window 11 x 11 with sigma 1.5, data range 1, averaged over the pixels whose window lies in
    the image (as ``skimage.metrics.structural_similarity`` with these options). Pixels whose target is 255 are 0 in
    every mask.

    Args:
        pred, target: uint8 (B, H, W), each side at least 11; compared where they lie.

    Raises:
        RobustEndoError: maps that do not fit each other, labels out of range, sides under 11.
    """
    check_label_maps(pred, target, num_classes)
    if min(pred.shape[1:]) < 2 * RADIUS + 1:
        raise RobustEndoError(f"Expected masks of at least 11 x 11 pixels for SSIM, found {tuple(pred.shape[1:])}.")
    pred = without_ignored(pred, target)
    if pred.device.type == "cuda":
        return mask_ssim_torch(pred, target, num_classes).cpu()
    pairs = zip(pred.cpu().numpy(), target.cpu().contiguous().numpy(), strict=True)
    return torch.from_numpy(np.stack([image_similarity(p, t, num_classes) for p, t in pairs]))


def mask_ssim_torch(pred: Tensor, target: Tensor, num_classes: int, memory: int = _MEMORY) -> Tensor:
    """:func:`mask_ssim` on any device, float64 (B, C); as many masks at a time as fit in ``memory`` bytes."""
    down, across = (band(side, pred.device) for side in pred.shape[1:])
    part = max(1, memory // (40 * pred[0].numel()))
    columns = []
    for c in range(num_classes):
        scores = [
            _similarity(p == c, t == c, down, across)
            for p, t in zip(torch.split(pred, part), torch.split(target, part), strict=True)
        ]
        columns.append(torch.cat(scores))
    return torch.stack(columns, 1)


def _similarity(pred: Tensor, target: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """SSIM of masks, bool (B, H, W) -> float64 (B,)."""
    # Masks are 0 or 1, so x^2 = x. In float64 from here: differences of means lose digits.
    x, y, xy = ((down @ mask.float() @ across.T).double() for mask in (pred, target, pred & target))
    present = (pred | target).flatten(1).any(1)
    return torch.where(present, ssim_map(x, y, x, y, xy).mean((1, 2)), torch.nan)
