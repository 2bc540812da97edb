"""One model's answer against the truth: the measured columns of a batch."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.evaluation.predict import Answer
from robustbench_endo.metrics import STANDARD, Metric, SegmentationBatch
from robustbench_endo.metrics.calibration import brier, confidence_bins, sampled
from robustbench_endo.metrics.standard import Dice, MeanIoU
from robustbench_endo.results.schema import bin_columns, count_columns
from robustbench_endo.types import IGNORE

Columns = dict[str, NDArray[np.generic]]


def judge(
    answer: Answer,
    masks: Tensor,
    unwarped: Tensor | None,
    num_classes: int,
    activities: Tensor,
    metrics: Sequence[type[Metric]] = (),
) -> Columns:
    """Columns of :mod:`robustbench_endo.results.schema` that depend on the model, each (B,).

    Args:
        answer: fetched to the CPU, its maps on the device of ``masks``.
        masks: uint8 (B, H, W), the truth, moved with the picture; 255 = ignore.
        unwarped: the truth of the clean frame; None where nothing moved.
        activities: int64 (B,), the truth; -1 for none.
        metrics: a user's own, scored as the built-in ones.
    """
    labels = torch.zeros_like(masks) if answer.labels is None else answer.labels
    batch = SegmentationBatch(labels, _usable(answer, masks), num_classes)
    still = batch if unwarped is None else SegmentationBatch(labels, _usable(answer, unwarped), num_classes)
    columns: Columns = {metric.name: _scored(metric, batch) for metric in (*STANDARD, *metrics)}
    columns["miou_unwarped"], columns["dice_unwarped"] = _scored(MeanIoU, still), _scored(Dice, still)
    columns["missed"] = batch.surface.missed[:, 1:].sum(1).numpy()
    columns["scored"] = (~batch.surface.hd[:, 1:].isnan()).sum(1).numpy()
    columns["diagonal"] = np.full(len(masks), math.hypot(*masks.shape[1:]))
    counts = torch.cat((batch.counts.tp, batch.counts.fp, batch.counts.fn), dim=1).cpu().numpy()
    columns |= dict(zip(count_columns(num_classes), counts.T, strict=True))
    columns |= _calibration(answer, batch)
    columns["activity_prediction"] = torch.where(answer.finite, answer.activity, -1).numpy()
    columns["activity_brier"] = _activity_brier(answer, activities).numpy()
    for name in ("segmentation_confidence", "segmentation_entropy", "activity_confidence", "activity_entropy"):
        columns[name] = torch.where(answer.finite, getattr(answer, name), torch.nan).numpy()
    return columns


def _calibration(answer: Answer, batch: SegmentationBatch) -> Columns:
    """Sampled pixels by confidence; all 0 for a model without segmentation."""
    target = sampled(batch.target)
    confidence = torch.zeros(target.shape) if answer.sampled_confidence is None else answer.sampled_confidence
    bins = confidence_bins(confidence, sampled(batch.labels), target)
    kinds = {"count": bins.count, "right": bins.right, "confidence": bins.confidence}
    return {
        name: column for kind, table in kinds.items() for name, column in zip(bin_columns(kind), table.T, strict=True)
    }


def _activity_brier(answer: Answer, activities: Tensor) -> Tensor:
    if answer.activity_probability is None:
        return torch.full(activities.shape, torch.nan)
    return torch.where(answer.finite, brier(answer.activity_probability, activities), torch.nan)


def _usable(answer: Answer, masks: Tensor) -> Tensor:
    """The truth, ignored altogether where there is no answer to compare it with."""
    judged = (answer.finite & (answer.labels is not None)).to(masks.device)
    return torch.where(judged.view(-1, 1, 1), masks, IGNORE)


def _scored(metric: type[Metric], batch: SegmentationBatch) -> NDArray[np.generic]:
    scorer = metric()
    scorer.update(batch)
    values: NDArray[np.generic] = scorer.compute().numpy()
    return values
