"""Training losses of segmentation."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from robustbench_endo.metrics.overlap import confusion_matrix
from robustbench_endo.tasks.cross_entropy import deterministic_cross_entropy
from robustbench_endo.types import IGNORE


def segmentation_loss(logits: Tensor, masks: Tensor, weights: Tensor | None, dice_weight: float) -> Tensor:
    """Cross-entropy of logits enlarged to the masks, plus a weighted soft Dice loss; computed in float32.

    Under deterministic algorithms the same bits in every call, also on CUDA.

    Args:
        logits: floating (B, C, h, w).
        masks: int64 (B, H, W), 255 = ignore.
        weights: of the classes, (C,), or None.
        dice_weight: factor of :func:`dice_loss`; 0 leaves it out.
    """
    enlarged = F.interpolate(logits.float(), masks.shape[1:], mode="bilinear")
    if enlarged.is_cuda:
        loss = deterministic_cross_entropy(enlarged, masks, weights)
    elif (masks == IGNORE).all():
        loss = enlarged.sum() * 0.0
    else:
        loss = F.cross_entropy(enlarged, masks, weights, ignore_index=IGNORE)
    return loss + dice_weight * dice_loss(enlarged, masks) if dice_weight else loss


def dice_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """1 - the mean over the batch's present classes of 2 sum(p t) / (sum(p) + sum(t)), over all its pixels.

    Source: Milletari et al., "V-Net", 3DV 2016, with the sums over the batch, so that small classes are seldom absent.
    """
    classes = logits.shape[1]
    counted = (masks != IGNORE)[:, None]
    probabilities = logits.softmax(dim=1) * counted
    targets = F.one_hot(masks.where(masks != IGNORE, 0), classes).movedim(-1, 1) * counted
    axes = (0, 2, 3)
    overlap, total = (probabilities * targets).sum(axes), probabilities.sum(axes) + targets.sum(axes)
    present = targets.sum(axes) > 0
    scores = 2 * overlap / total.clamp_min(1e-6)
    return torch.where(present, 1 - scores, 0.0).sum() / present.sum().clamp_min(1)


def class_weights(masks: Tensor, num_classes: int) -> Tensor:
    """Weights (num_classes,) proportional to 1 / sqrt(pixel fraction), mean 1 over the pixels; absent classes get 0.

    The square root raises the weight of small instruments without letting them dominate the tissue.
    """
    counts = torch.bincount(masks[masks != IGNORE].flatten(), minlength=num_classes)[:num_classes].double()
    weights = torch.where(counts > 0, counts.clamp_min(1).rsqrt(), 0.0)
    mean = (weights * counts).sum() / counts.sum().clamp_min(1)
    return (weights / mean.clamp_min(1e-12)).float()


def pixel_confusion(logits: Tensor, masks: Tensor) -> Tensor:
    """Pixels (C, C) by target and predicted class of a batch, int64.

    Args:
        logits: floating (B, C, h, w), interpolated to the masks.
        masks: int64 (B, H, W), 255 = ignore.
    """
    pred = F.interpolate(logits.float(), masks.shape[1:], mode="bilinear").argmax(1)
    return confusion_matrix(pred.to(torch.uint8), masks.to(torch.uint8), logits.shape[1]).sum(0)
