"""Record columns of a batch of segmentations."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.metrics.base import Metric
from robustbench_endo.metrics.calibration import confidence_bins, sample_pixels
from robustbench_endo.metrics.checks import check_labels
from robustbench_endo.metrics.overlap import class_counts_of_checked
from robustbench_endo.tasks.base import Scores
from robustbench_endo.tasks.segmentation.batch import SegmentationBatch
from robustbench_endo.tasks.segmentation.decode import SegmentationPrediction
from robustbench_endo.tasks.segmentation.metrics import (
    SURROUND,
    DicePerImage,
    MeanIoUPerImage,
    SurfaceDice,
    bin_columns,
    count_columns,
)
from robustbench_endo.tasks.segmentation.visibility_score import by_class, columns_of, visibility_columns
from robustbench_endo.tasks.surround import Surround
from robustbench_endo.types import IGNORE


def score(
    prediction: SegmentationPrediction | None,
    masks: Tensor,
    clean_masks: Tensor,
    num_classes: int,
    metrics: Sequence[Metric],
    scale: Tensor | None = None,
    surround: Surround | None = None,
    hidden: Tensor | None = None,
) -> Scores:
    """The columns of :meth:`Segmentation.columns` and one per metric, each (B,).

    Args:
        prediction: on the device of the masks; None for a model without segmentation.
        masks: uint8 (B, H, W), the target moved with the image: labels below C, 255 = ignore.
        clean_masks: the target of the clean frame; the same object where nothing moved.
        metrics: with a value per frame.
        scale: scored pixels per pixel of the original frame along rows and columns, (B, 2); None for 1.
        surround: of the frames; None if no frame has one.
        hidden: bool (B, H, W), where the corruption hides the scene; None for one that covers nothing.

    Raises:
        RobustEndoError: a prediction of a class that the data set lacks.
    """
    labels = torch.zeros_like(masks) if prediction is None or prediction.label_map is None else prediction.label_map
    if prediction is not None and prediction.classes > num_classes:
        check_labels("prediction", labels, num_classes)
    around = _surround_counts(labels, _scorable(prediction, masks), num_classes, surround)
    if surround is not None and not surround.scored:
        moved = clean_masks is not masks
        masks = masks.masked_fill(surround.outside, IGNORE)
        clean_masks = clean_masks.masked_fill(surround.outside, IGNORE) if moved else masks
    tolerance = next((metric.tolerance for metric in metrics if isinstance(metric, SurfaceDice)), None)
    target = _scorable(prediction, masks)
    batch = SegmentationBatch(labels, target, num_classes, tolerance, scale, hidden, checked=True)
    unwarped = batch
    if clean_masks is not masks:
        unwarped = SegmentationBatch(labels, _scorable(prediction, clean_masks), num_classes, checked=True)
    columns: Scores = {}
    for metric in metrics:
        columns |= metric.score_columns(batch)
    for overlap in (MeanIoUPerImage(), DicePerImage()):
        columns |= {f"{name}_unwarped": values for name, values in overlap.score_columns(unwarped).items()}
    columns["n_missed_classes"] = batch.surface.missed[:, 1:].sum(1)
    columns["n_scored_classes"] = (~batch.surface.hd[:, 1:].isnan()).sum(1)
    columns["diagonal"] = np.full(len(masks), math.hypot(*masks.shape[1:]))
    columns |= dict(zip(count_columns(num_classes), by_class(batch.counts), strict=True))
    columns |= visibility_columns(batch)
    return columns | around | _calibration(prediction, batch) | _confidence(prediction, len(masks))


def _surround_counts(labels: Tensor, masks: Tensor, num_classes: int, surround: Surround | None) -> Scores:
    names = count_columns(num_classes, SURROUND)
    if surround is None:
        return {name: np.zeros(len(masks), np.int64) for name in names}
    counts = class_counts_of_checked(labels, masks.masked_fill(~surround.outside, IGNORE), num_classes)
    return dict(zip(names, by_class(counts), strict=True))


def _calibration(prediction: SegmentationPrediction | None, batch: SegmentationBatch) -> Scores:
    """Sampled pixels by confidence; all 0 for a model without segmentation."""
    target = sample_pixels(batch.target)
    confidence = target.new_zeros(target.shape, dtype=torch.float32)
    if prediction is not None:
        confidence = prediction.sampled_confidence
    bins = confidence_bins(confidence, sample_pixels(batch.preds), target)
    tables = {"count": bins.count, "correct": bins.correct, "confidence": bins.confidence}
    return {
        name: column
        for kind, table in tables.items()
        for name, column in zip(bin_columns(kind), columns_of(table), strict=True)
    }


def _confidence(prediction: SegmentationPrediction | None, batch: int) -> Scores:
    if prediction is None:
        undefined = np.full(batch, np.nan, np.float32)
        return {"segmentation_confidence": undefined, "segmentation_entropy": undefined}
    return {
        f"segmentation_{name}": torch.where(prediction.valid, values, torch.nan)
        for name, values in (("confidence", prediction.confidence), ("entropy", prediction.entropy))
    }


def _scorable(prediction: SegmentationPrediction | None, masks: Tensor) -> Tensor:
    """The target, entirely ignored where there is no valid prediction to compare it with."""
    if prediction is None:
        return torch.full_like(masks, IGNORE)
    if masks.device.type == "cpu" and bool(prediction.valid.all()):  # a GPU would be waited for
        return masks
    return masks.masked_fill(~prediction.valid.view(-1, 1, 1), IGNORE)
