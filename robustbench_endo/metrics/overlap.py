"""Pixel counts per class and image, and the overlap measures computed from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.triton_support import use_triton
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
    return _confusion_of_checked(pred, target, num_classes)


def class_counts(pred: Tensor, target: Tensor, num_classes: int) -> ClassCounts:
    """Counts of two label maps, see ``confusion_matrix``."""
    check_label_maps(pred, target, num_classes)
    return class_counts_of_checked(pred, target, num_classes)


def class_counts_of_checked(pred: Tensor, target: Tensor, num_classes: int) -> ClassCounts:
    """:func:`class_counts` of maps that :func:`.check_label_maps` accepts; a GPU is not waited for."""
    confusion = _confusion_of_checked(pred, target, num_classes)
    tp = confusion.diagonal(dim1=1, dim2=2)
    return ClassCounts(tp, confusion.sum(1) - tp, confusion.sum(2) - tp)


def _confusion_of_checked(pred: Tensor, target: Tensor, num_classes: int) -> Tensor:
    if pred.device.type == "cpu":
        return _confusion_cpu(pred, target, num_classes)
    if use_triton(pred.device):
        from robustbench_endo.metrics import overlap_triton

        if num_classes <= overlap_triton.MAX_CLASSES:
            return overlap_triton.confusion(pred, target, num_classes)
    return _confusion(pred, target, num_classes)


def _confusion(pred: Tensor, target: Tensor, num_classes: int) -> Tensor:
    """On any device: ignored pixels are counted in a cell of their own, because their number is not known on the host.

    The sums are of whole numbers, so the order of threads does not change them.
    """
    batch, cells = pred.shape[0], num_classes**2
    ignored = target == IGNORE
    cell = (target.long().mul_(num_classes).add_(pred)).masked_fill_(ignored, cells).view(batch, -1)
    counts = torch.zeros(batch, cells + 1, dtype=torch.int64, device=pred.device)
    counts.scatter_add_(1, cell, torch.ones((), dtype=torch.int64, device=pred.device).expand_as(cell))
    return counts[:, :cells].view(batch, num_classes, num_classes)


def _confusion_cpu(pred: Tensor, target: Tensor, num_classes: int) -> Tensor:
    return torch.from_numpy(_count(pred.contiguous().numpy(), target.contiguous().numpy(), num_classes))


@njit(cache=True, nogil=True)
def _count(pred: np.ndarray, target: np.ndarray, classes: int) -> np.ndarray:
    confusion = np.zeros((pred.shape[0], classes, classes), np.int64)
    ones = np.uint64(0x0101010101010101)
    for b in range(pred.shape[0]):
        p, t = pred[b].reshape(-1), target[b].reshape(-1)
        end = len(p) // 8 * 8
        eight_p, eight_t = p[:end].view(np.uint64), t[:end].view(np.uint64)
        start = i = 0
        while i < len(p):  # neighbours are mostly equal: runs are counted, not pixels, and extended by eight at a time
            label, true = p[start], t[start]
            if i % 8 == 0 and i < end:
                same_p = eight_p[i // 8] == np.uint64(label) * ones
                if same_p and eight_t[i // 8] == np.uint64(true) * ones:
                    i += 8
                    continue
            if p[i] != label or t[i] != true:
                if true != 255:
                    confusion[b, true, label] += i - start
                start = i
            i += 1
        if t[start] != 255:
            confusion[b, t[start], p[start]] += len(p) - start
    return confusion
