"""Pixel counts per class and image, and the overlap measures computed from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numba import njit
from torch import Tensor

from robustbench_endo.metrics.checks import check_label_maps
from robustbench_endo.types import IGNORE


@dataclass(frozen=True)
class ClassCounts:
    """True positive, false positive and false negative pixels, each int64 (B, C)."""

    tp: Tensor
    fp: Tensor
    fn: Tensor

    def iou(self) -> Tensor:
        """Intersection over union, float64 (B, C); NaN for a class that neither map has."""
        return self.tp / (self.tp + self.fp + self.fn).double()

    def dice(self) -> Tensor:
        """Dice coefficient, float64 (B, C); NaN for a class that neither map has."""
        return 2 * self.tp / (2 * self.tp + self.fp + self.fn).double()


def confusion_matrix(pred: Tensor, target: Tensor, num_classes: int) -> Tensor:
    """Pixels by target and predicted class, int64 (B, C, C).

    Args:
        pred, target: uint8 (B, H, W); pixels whose target is 255 are ignored.
        num_classes: C.

    Raises:
        RobustEndoError: shapes differ, dtype is not uint8, or a label is neither below C nor 255.
    """
    check_label_maps(pred, target, num_classes)
    return (_confusion_cpu if pred.device.type == "cpu" else _confusion)(pred, target, num_classes)


def class_counts(pred: Tensor, target: Tensor, num_classes: int) -> ClassCounts:
    """Counts of two label maps, see ``confusion_matrix``."""
    confusion = confusion_matrix(pred, target, num_classes)
    tp = confusion.diagonal(dim1=1, dim2=2)
    return ClassCounts(tp, confusion.sum(1) - tp, confusion.sum(2) - tp)


def _confusion(pred: Tensor, target: Tensor, num_classes: int) -> Tensor:
    batch = pred.shape[0]
    counted = target != IGNORE
    image = torch.arange(batch, device=pred.device).view(-1, 1, 1).expand_as(pred)
    cells = (image * num_classes + target.long()) * num_classes + pred.long()
    return torch.bincount(cells[counted], minlength=batch * num_classes**2).view(batch, num_classes, num_classes)


def _confusion_cpu(pred: Tensor, target: Tensor, num_classes: int) -> Tensor:
    return torch.from_numpy(_count(pred.contiguous().numpy(), target.contiguous().numpy(), num_classes))


@njit(cache=True, nogil=True)
def _count(pred: np.ndarray, target: np.ndarray, classes: int) -> np.ndarray:
    confusion = np.zeros((pred.shape[0], classes, classes), np.int64)
    for b in range(pred.shape[0]):
        p, t = pred[b].reshape(-1), target[b].reshape(-1)
        start = 0
        for i in range(1, len(p) + 1):  # neighbours are mostly equal: runs are counted, not pixels
            if i == len(p) or p[i] != p[start] or t[i] != t[start]:
                if t[start] != 255:
                    confusion[b, t[start], p[start]] += i - start
                start = i
    return confusion
