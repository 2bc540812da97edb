"""Structural similarity of one-hot masks on a GPU (see :mod:`.mask_ssim`): by Triton, or in plain torch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from robustbench_endo.corruptions.kernels.triton_support import use_triton
from robustbench_endo.metrics.image_similarity_gpu import ssim_map, window_means
from robustbench_endo.metrics.ssim_window import C1, RADIUS
from robustbench_endo.types import IGNORE

TILE = 32
"""Pixels with scores along a side of a tile."""

_SIDE = TILE + 2 * RADIUS

_MEMORY = 1 << 28
"""Maximum bytes of the masks of tiles and their means."""


def mask_ssim_gpu(pred: Tensor, target: Tensor, num_classes: int) -> Tensor:
    """:func:`.mask_ssim.mask_ssim` of maps that are both 255 at ignored pixels, float64 (B, C) on their device."""
    if use_triton(pred.device):
        from robustbench_endo.metrics import ssim_triton

        return ssim_triton.mask_ssim(pred, target, num_classes)
    return mask_ssim_torch(pred, target, num_classes)


def mask_ssim_torch(pred: Tensor, target: Tensor, num_classes: int, memory: int = _MEMORY) -> Tensor:
    """:func:`mask_ssim_gpu` in plain torch.

    Only tiles in which a class has an edge are filtered, at most ``memory`` bytes of them at a time.
    """
    batch, height, width = pred.shape
    pred, target = _tiles(pred), _tiles(target)
    rows, columns = (_pixels(side, pred.device) for side in (height, width))
    rows, columns = rows.repeat_interleave(len(columns)).repeat(batch), columns.repeat(batch * len(rows))
    unequal = ((rows - 2 * RADIUS) * (columns - 2 * RADIUS)).double() / (1 + C1)
    scored = (height - 2 * RADIUS) * (width - 2 * RADIUS)
    scores = []
    for c in range(num_classes):
        x, y = pred == c, target == c
        in_pred, in_target = x.sum((1, 2)), y.sum((1, 2))
        # One minus SSIM, summed over a tile: of constant masks that are equal, or of which one is 0, the other 1.
        sums = torch.where(in_pred == in_target, 0.0, unequal)
        constant = [(count == 0) | (count == rows * columns) for count in (in_pred, in_target)]
        active = (~(constant[0] & constant[1])).nonzero()[:, 0]
        for part in torch.split(active, max(1, memory // (100 * _SIDE**2))):
            sums[part] = _dissimilarity(x[part], y[part], rows[part], columns[part])
        present = (in_pred + in_target).view(batch, -1).any(1)
        scores.append(torch.where(present, 1 - sums.view(batch, -1).sum(1) / scored, torch.nan))
    return torch.stack(scores, 1)


def _tiles(labels: Tensor) -> Tensor:
    """(B, H, W) -> overlapping tiles (N, 42, 42); pixels outside of the map belong to no class."""
    bottom, right = (-(side - 2 * RADIUS) % TILE for side in labels.shape[1:])
    padded = F.pad(labels, (0, right, 0, bottom), value=IGNORE)
    return padded.unfold(1, _SIDE, TILE).unfold(2, _SIDE, TILE).reshape(-1, _SIDE, _SIDE)


def _pixels(side: int, device: torch.device) -> Tensor:
    """Pixels of the map along a side of each tile, int64."""
    return (side - torch.arange(0, side - 2 * RADIUS, TILE, device=device)).clamp(max=_SIDE)


def _dissimilarity(pred: Tensor, target: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """One minus SSIM, summed over the pixels of each tile with a score: bool (N, 42, 42) -> float64 (N,)."""
    # Masks are 0 or 1, so x^2 = x. In float64 from here: differences of means lose digits.
    x, y, xy = (window_means(mask.float()).double() for mask in (pred, target, pred & target))
    index = torch.arange(TILE, device=pred.device)
    inside = (index < (rows - 2 * RADIUS)[:, None])[:, :, None] & (index < (columns - 2 * RADIUS)[:, None])[:, None]
    return torch.where(inside, 1 - ssim_map(x, y, x, y, xy), 0.0).sum((1, 2))
