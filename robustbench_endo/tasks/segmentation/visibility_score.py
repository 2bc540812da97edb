"""Record columns of the visible and of the hidden part of a batch of segmentations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.metrics.overlap import ClassCounts, class_counts_of_checked
from robustbench_endo.tasks.base import Scores
from robustbench_endo.tasks.segmentation.batch import SegmentationBatch
from robustbench_endo.tasks.segmentation.metrics import count_columns
from robustbench_endo.tasks.segmentation.visibility import HIDDEN, HIDDEN_SHARE, PART_NSD, VISIBLE
from robustbench_endo.types import IGNORE


def visibility_columns(batch: SegmentationBatch, masks: Tensor) -> Scores:
    """Pixel counts and surface Dice of the visible and the hidden part, and the share of hidden pixels.

    Without ``batch.hidden`` the counts are 0 and the others NaN.

    Args:
        batch: its target is 255 where there is no valid prediction.
        masks: uint8 (B, H, W), the target whatever the prediction is.
    """
    visible_names, hidden_names = (count_columns(batch.num_classes, part) for part in (VISIBLE, HIDDEN))
    if batch.hidden is None:
        zero, undefined = np.zeros(len(masks), np.int64), np.full(len(masks), np.nan, np.float32)
        counts: Scores = dict.fromkeys((*visible_names, *hidden_names), zero)
        return counts | dict.fromkeys((HIDDEN_SHARE, *PART_NSD), undefined)
    if masks.device.type == "cpu" and not bool(batch.hidden.any()):
        hidden, nsd = torch.zeros_like(_table(batch.counts)), _all_visible(batch)
    else:
        covered = batch.target.masked_fill(~batch.hidden, IGNORE)
        hidden = _table(class_counts_of_checked(batch.preds, covered, batch.num_classes))
        nsd = batch.surface_dice_by_part[:, :, 1:].nanmean(2)
    scored = masks != IGNORE
    share = (scored & batch.hidden).sum((1, 2)) / scored.sum((1, 2)).double()
    columns: Scores = dict(zip(visible_names, columns_of(_table(batch.counts) - hidden), strict=True))
    columns |= dict(zip(hidden_names, columns_of(hidden), strict=True))
    return columns | dict(zip(PART_NSD, nsd, strict=True)) | {HIDDEN_SHARE: share}


def _all_visible(batch: SegmentationBatch) -> Tensor:
    """:attr:`SegmentationBatch.surface_dice_by_part` over the foreground classes where nothing is hidden, (2, B)."""
    visible = batch.surface_dice[:, 1:].nanmean(1)
    return torch.stack((visible, torch.full_like(visible, torch.nan)))


def _table(counts: ClassCounts) -> Tensor:
    return torch.cat((counts.tp, counts.fp, counts.fn), dim=1)


def by_class(counts: ClassCounts) -> Sequence[Tensor] | NDArray[np.generic]:
    """The columns tp, fp, fn of each class."""
    return columns_of(_table(counts))


def columns_of(table: Tensor) -> Sequence[Tensor] | NDArray[np.generic]:
    """The columns of (B, N). Arrays on the host: a run makes a hundred of them for each prediction."""
    return table.unbind(1) if table.device.type != "cpu" else table.numpy().T
