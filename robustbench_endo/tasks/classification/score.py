"""From classification logits to labels, and the record columns of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from robustbench_endo.metrics.base import Metric
from robustbench_endo.metrics.calibration import brier, confidence_and_entropy, margin
from robustbench_endo.tasks.base import Scores
from robustbench_endo.tasks.prediction import Prediction, finite_frames


@dataclass(frozen=True)
class ClassificationPrediction(Prediction):
    """A prediction with one label per frame.

    Attributes:
        label: int64 (B,).
        probability: float32 (B, K).
    """

    label: Tensor
    probability: Tensor


def decode(logits: Tensor) -> ClassificationPrediction:
    """The prediction of logits (B, K)."""
    confidence, entropy = confidence_and_entropy(logits)
    probability = logits.float().softmax(1)
    return ClassificationPrediction(
        valid=finite_frames(logits),
        confidence=confidence,
        entropy=entropy,
        label_map=None,
        label=logits.argmax(1),
        probability=probability,
        confidences={"margin": margin(probability)},
    )


@dataclass(frozen=True)
class ClassificationBatch:
    """Predicted and target labels of a batch on one device, as a user's metric sees them.

    Attributes:
        preds: int64 (B,), -1 where there is no valid prediction.
        target: int64 (B,), -1 for a frame without a label.
        probability: float32 (B, K); None for a model without the task.
    """

    preds: Tensor
    target: Tensor
    probability: Tensor | None


def score(task: str, prediction: ClassificationPrediction | None, targets: Tensor, metrics: Sequence[Metric]) -> Scores:
    """The columns of :meth:`Classification.columns` and one per user's metric, each (B,).

    Args:
        prediction: on the device of the targets; None for a model without the task.
        targets: int64 (B,), -1 for a frame without a label.
        metrics: with a value per frame; a user's own see a :class:`ClassificationBatch`.
    """
    labels = torch.full_like(targets, -1)
    values = dict.fromkeys(
        ("brier", "confidence", "entropy"), torch.full(targets.shape, torch.nan, device=targets.device)
    )
    if prediction is not None:
        labels = torch.where(prediction.valid, prediction.label, -1)
        measured = {
            "brier": brier(prediction.probability, targets),
            "confidence": prediction.confidence,
            "entropy": prediction.entropy,
        }
        values = {name: torch.where(prediction.valid, value, torch.nan) for name, value in measured.items()}
    columns: Scores = {f"{task}_{name}": value for name, value in values.items()}
    columns |= {f"{task}_target": targets, f"{task}_prediction": labels}
    batch = ClassificationBatch(labels, targets, None if prediction is None else prediction.probability)
    for metric in metrics:
        if not columns.keys() >= set(metric.record_columns):
            columns |= metric.score_columns(batch)
    return columns
