"""Validation during training: dataset-level mIoU and accuracy (the evaluation proper has its own, fuller metrics)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_endo.training.frames import NO_ACTIVITY, Frames
from robustbench_endo.types import IGNORE


@torch.no_grad()
def validate_on(model: nn.Module, frames: Frames, batch_size: int, device: torch.device) -> dict[str, float]:
    """``miou`` and ``accuracy`` (shares, higher is better) of the tasks that the model and the frames have.

    Source: intersection over union from summed counts; classes absent from prediction and target are left out.
    """
    model.eval()
    confusion: Tensor | None = None
    hits: list[Tensor] = []
    for start in range(0, len(frames), batch_size):
        batch = frames.batch(list(range(start, min(start + batch_size, len(frames))))).to(device)
        logits = model(batch.images)
        if "segmentation" in logits:
            counts = _confusion(logits["segmentation"], batch.masks)
            confusion = counts if confusion is None else confusion + counts
        if "activity" in logits:
            known = batch.activities != NO_ACTIVITY
            hits.append((logits["activity"].argmax(1) == batch.activities)[known])
    scores = {} if confusion is None or not confusion.any() else {"miou": miou(confusion)}
    if hits and len(torch.cat(hits)):
        scores["accuracy"] = torch.cat(hits).float().mean().item()
    return scores


def miou(confusion: Tensor) -> float:
    """Mean over the present classes of tp / (tp + fp + fn), from counts (target, prediction)."""
    hit = confusion.diagonal().double()
    union = confusion.sum(0) + confusion.sum(1) - hit
    return (hit[union > 0] / union[union > 0]).mean().item()


def _confusion(logits: Tensor, masks: Tensor) -> Tensor:
    classes = logits.shape[1]
    prediction = F.interpolate(logits, masks.shape[1:], mode="bilinear").argmax(1)
    kept = masks != IGNORE
    return torch.bincount(masks[kept] * classes + prediction[kept], minlength=classes**2).view(classes, classes)
