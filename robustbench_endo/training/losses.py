"""Cross-entropy for both tasks, soft Dice by option; what a frame does not have costs nothing."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from robustbench_endo.training.frames import NO_ACTIVITY, Batch
from robustbench_endo.types import IGNORE


def task_losses(
    logits: dict[str, Tensor], batch: Batch, class_weights: Tensor | None = None, dice_weight: float = 0.0
) -> dict[str, Tensor]:
    """The loss of every task that the model has, a scalar each; 0 where no frame of the batch has the answer.

    Segmentation logits are enlarged to the masks' size first; all is computed in float32.
    """
    losses: dict[str, Tensor] = {}
    if "segmentation" in logits:
        enlarged = F.interpolate(logits["segmentation"].float(), batch.masks.shape[1:], mode="bilinear")
        losses["segmentation"] = _cross_entropy(enlarged, batch.masks, IGNORE, class_weights)
        if dice_weight:
            losses["segmentation"] = losses["segmentation"] + dice_weight * dice_loss(enlarged, batch.masks)
    if "activity" in logits:
        losses["activity"] = _cross_entropy(logits["activity"].float(), batch.activities, NO_ACTIVITY, None)
    return losses


def dice_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """1 - the mean over the batch's present classes of 2 sum(p t) / (sum(p) + sum(t)), over all its pixels.

    Source: Milletari et al., "V-Net", 3DV 2016, with the sums over the batch, so that small classes are seldom absent.
    """
    classes = logits.shape[1]
    kept = (masks != IGNORE)[:, None]
    shares = logits.softmax(dim=1) * kept
    targets = F.one_hot(masks.where(masks != IGNORE, 0), classes).movedim(-1, 1) * kept
    sums = (0, 2, 3)
    overlap, total = (shares * targets).sum(sums), shares.sum(sums) + targets.sum(sums)
    present = targets.sum(sums) > 0
    scores = 2 * overlap / total.clamp_min(1e-6)
    return torch.where(present, 1 - scores, 0.0).sum() / present.sum().clamp_min(1)


def class_weights(masks: Tensor, num_classes: int) -> Tensor:
    """Weights (num_classes,) proportional to 1 / sqrt(pixel share), mean 1 over the pixels; absent classes get 0.

    The square root lifts the small instruments without drowning the tissue.
    """
    counts = torch.bincount(masks[masks != IGNORE].flatten(), minlength=num_classes)[:num_classes].double()
    weights = torch.where(counts > 0, counts.clamp_min(1).rsqrt(), 0.0)
    mean = (weights * counts).sum() / counts.sum().clamp_min(1)
    return (weights / mean.clamp_min(1e-12)).float()


def _cross_entropy(logits: Tensor, target: Tensor, ignore: int, weights: Tensor | None) -> Tensor:
    if (target == ignore).all():
        return logits.sum() * 0.0
    return F.cross_entropy(logits, target, weights, ignore_index=ignore)
