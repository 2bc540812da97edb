"""Structural similarity of one-hot masks in plain torch, for label maps on a GPU (see :mod:`.mask_ssim`)."""

from __future__ import annotations

import torch
from torch import Tensor

from robustbench_endo.metrics.image_similarity_gpu import band, ssim_map

_MEMORY = 1 << 30
"""Maximum bytes of the one-hot masks and their means."""


def mask_ssim_torch(pred: Tensor, target: Tensor, num_classes: int, memory: int = _MEMORY) -> Tensor:
    """:func:`.mask_ssim.mask_ssim` on any device, float64 (B, C); at most ``memory`` bytes of masks at a time."""
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
