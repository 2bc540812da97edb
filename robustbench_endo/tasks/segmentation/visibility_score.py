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


def visibility_columns(batch: SegmentationBatch) -> Scores:
    """Pixel counts and surface Dice of the visible and the hidden part, and the share of hidden pixels.

    Without ``batch.hidden`` the counts are 0 and the others NaN.
    """
    visible_names, hidden_names = (count_columns(batch.num_classes, part) for part in (VISIBLE, HIDDEN))
    if batch.hidden is None:
        zero, undefined = np.zeros(len(batch.target), np.int64), np.full(len(batch.target), np.nan, np.float32)
        counts: Scores = dict.fromkeys((*visible_names, *hidden_names), zero)
        return counts | dict.fromkeys((HIDDEN_SHARE, *PART_NSD), undefined)
    total = _table(batch.counts)
    if batch.hidden.device.type == "cpu" and not bool(batch.hidden.any()):
        hidden, nsd = torch.zeros_like(total), _all_visible(batch)
    else:
        # 255 in place of the labels of visible pixels.
        covered = batch.target | (batch.hidden.view(torch.uint8) - 1)
        hidden = _table(class_counts_of_checked(batch.preds, covered, batch.num_classes))
        nsd = batch.surface_dice_by_part[:, :, 1:].nanmean(2)
    columns: Scores = dict(zip(visible_names, columns_of(total - hidden), strict=True))
    columns |= dict(zip(hidden_names, columns_of(hidden), strict=True))
    share = _truth(hidden) / _truth(total).double()
    return columns | dict(zip(PART_NSD, nsd, strict=True)) | {HIDDEN_SHARE: share}


def _truth(table: Tensor) -> Tensor:
    """Scored pixels (B,): tp and fn of all classes."""
    tp, _, fn = table.chunk(3, dim=1)
    return (tp + fn).sum(1)


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
