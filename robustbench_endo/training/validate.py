"""Validation during training: dataset-level mIoU and accuracy (the evaluation proper has its own, fuller metrics)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_endo.training.data import NO_ACTIVITY, Batch, InMemoryDataset
from robustbench_endo.types import IGNORE


@dataclass(frozen=True)
class Processes:
    """Which frames are this process's, and how counts are added over all processes.

    Attributes:
        rank: this process.
        world: all processes.
        add: a tensor of counts -> its sum over the processes.
        autocast: context of the forward passes.
    """

    rank: int = 0
    world: int = 1
    add: Callable[[Tensor], Tensor] = lambda counts: counts
    autocast: Callable[[], AbstractContextManager[Any]] = nullcontext


@torch.no_grad()
def validate_on(
    model: nn.Module, frames: InMemoryDataset, batch_size: int, device: torch.device, processes: Processes | None = None
) -> dict[str, float]:
    """``miou`` and ``accuracy`` (shares, higher is better) of the tasks that the model and the frames have.

    Source: intersection over union from summed counts; classes absent from prediction and target are left out.
    """
    model.eval()
    among = processes or Processes()
    confusion: Tensor | None = None
    hits = torch.zeros(2, dtype=torch.float64, device=device)
    mine = list(range(len(frames)))[among.rank :: among.world]
    for start in range(0, len(mine), batch_size):
        batch = frames.batch(mine[start : start + batch_size]).to(device)
        with among.autocast():
            logits = model(batch.images)
        if "segmentation" in logits:
            counts = _confusion(logits["segmentation"].float(), batch.masks)
            confusion = counts if confusion is None else confusion + counts
        if "activity" in logits:
            hits += _hits(logits["activity"], batch)
    return _scores(confusion, hits, among)


def miou(confusion: Tensor) -> float:
    """Mean over the present classes of tp / (tp + fp + fn), from counts (target, prediction)."""
    hit = confusion.diagonal().double()
    union = confusion.sum(0) + confusion.sum(1) - hit
    return (hit[union > 0] / union[union > 0]).mean().item()


def _scores(confusion: Tensor | None, hits: Tensor, among: Processes) -> dict[str, float]:
    confusion = None if confusion is None else among.add(confusion)
    right, known = among.add(hits).tolist()
    scores = {} if confusion is None or not confusion.any() else {"miou": miou(confusion)}
    return scores | ({"accuracy": right / known} if known else {})


def _hits(logits: Tensor, batch: Batch) -> Tensor:
    """Right answers and answers that are known, (2,)."""
    known = batch.activities != NO_ACTIVITY
    right = (logits.argmax(1) == batch.activities) & known
    return torch.stack([right.sum(), known.sum()]).double()


def _confusion(logits: Tensor, masks: Tensor) -> Tensor:
    classes = logits.shape[1]
    prediction = F.interpolate(logits, masks.shape[1:], mode="bilinear").argmax(1)
    kept = masks != IGNORE
    return torch.bincount(masks[kept] * classes + prediction[kept], minlength=classes**2).view(classes, classes)
