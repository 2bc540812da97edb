"""Prediction sets of a batch: the labels with enough calibrated probability, and what they miss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from robustbench_endo.confidence.calibration import Calibration
from robustbench_endo.metrics.prediction_sets import set_columns
from robustbench_endo.tasks.base import Scores, Task
from robustbench_endo.tasks.prediction import Prediction
from robustbench_endo.tasks.surround import Surround
from robustbench_endo.types import IGNORE

IMPOSSIBLE = -1.0
"""Probability of a label that the model does not have: in no set."""


def set_scores(
    tasks: Sequence[Task],
    predictions: Mapping[str, Prediction],
    targets: Mapping[str, Tensor],
    calibration: Calibration | None,
    surround: Surround | None,
) -> Scores:
    """The columns of prediction sets of a batch, see :func:`.metrics.prediction_sets.set_metrics`; NaN without sets.

    A frame without a valid prediction has a loss of 1 and no size: to leave it out would break the promise.

    Args:
        tasks: of the run.
        predictions: with their ``logits``.
        targets: after the corruption.
        calibration: of the model; None for a model without one.
        surround: of the frames; None if no frame has one.
    """
    columns: Scores = {}
    for task in tasks:
        target, prediction = targets[task.name], predictions.get(task.name)
        loss = size = torch.full((len(target),), torch.nan, device=target.device)
        if calibration is not None and prediction is not None and task.name in calibration.tasks:
            if task.has_label_map and surround is not None and not surround.scored:
                target = target.masked_fill(surround.outside, IGNORE)
            threshold = calibration.tasks[task.name].threshold
            loss, size = _measured(task, prediction, target, threshold)
        first, second = set_columns(task)
        columns |= {first: loss if task.has_label_map else 1 - loss, second: size}
    return columns


def _measured(task: Task, prediction: Prediction, target: Tensor, threshold: float) -> tuple[Tensor, Tensor]:
    """Loss and size of the sets of each frame, float32 (B,)."""
    logits = prediction.logits
    assert logits is not None
    if task.has_label_map:
        parts = [
            map_sets(*maps, mask, threshold)
            for maps, mask in zip(true_probabilities(logits, target), target, strict=True)
        ]
        loss, size = (torch.stack(values) for values in zip(*parts, strict=True))
    else:
        probability, true = label_probabilities(logits, target)
        loss = (true < threshold).float().masked_fill(target < 0, torch.nan)
        size = (probability >= threshold).sum(1).float()
    # Without a valid prediction the frame counts as missed, where it has a target.
    loss = torch.where(prediction.valid, loss, torch.where(_has_loss(task, target), 1.0, torch.nan))
    return loss, torch.where(prediction.valid, size, torch.nan)


def _has_loss(task: Task, target: Tensor) -> Tensor:
    """Whether a frame can have a loss, bool (B,): a label, or a foreground pixel."""
    return foreground(target).flatten(1).any(1) if task.has_label_map else target >= 0


def foreground(mask: Tensor) -> Tensor:
    """Pixels of a class that is neither background nor ignored."""
    return (mask > 0) & (mask != IGNORE)


def map_sets(probability: Tensor, true: Tensor, mask: Tensor, threshold: float) -> tuple[Tensor, Tensor]:
    """Share of the foreground pixels whose class is in no set, NaN without any, and the mean size of the sets.

    Args:
        probability: float32 (C, H, W).
        true: of the true class, (H, W).
        mask: uint8 (H, W); ignored pixels have no set.
        threshold: of the sets.
    """
    labelled, scored = foreground(mask), mask != IGNORE
    missed = ((true < threshold) & labelled).sum() / labelled.sum()  # 0 / 0 is NaN
    size = ((probability >= threshold).sum(0) * scored).sum() / scored.sum()
    return missed.float(), size.float()


def label_probabilities(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Probabilities float32 (B, K), and that of the true label (B,), negative for a label that the model lacks."""
    probability = logits.float().softmax(1)
    known = (target >= 0) & (target < probability.shape[1])
    true = probability.gather(1, torch.where(known, target, 0)[:, None])[:, 0]
    return probability, torch.where(known, true, IMPOSSIBLE)


def true_probabilities(logits: Tensor, target: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """For each frame the probabilities of its pixels, (C, H, W), and that of the true class, (H, W), negative for none.

    Args:
        logits: (B, C, h, w), interpolated to the size of the target.
        target: uint8 (B, H, W).
    """
    for item, mask in zip(logits, target, strict=True):
        maps = item[None].float()
        if maps.shape[2:] != mask.shape:
            maps = F.interpolate(maps, size=mask.shape, mode="bilinear", align_corners=False)
        probability = maps[0].softmax(0)
        known = mask < len(probability)
        true = probability.gather(0, torch.where(known, mask, 0)[None].long())[0]
        yield probability, torch.where(known, true, IMPOSSIBLE)
