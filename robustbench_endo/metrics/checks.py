"""Checks and masking of label maps that all segmentation metrics share."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.errors import RobustEndoError
from robustbench_endo.types import IGNORE


def check_label_maps(pred: Tensor, target: Tensor, num_classes: int) -> None:
    """Raise :class:`RobustEndoError` unless both maps are uint8 (B, H, W) with labels below C (target: or 255)."""
    if not 1 <= num_classes <= IGNORE:
        raise RobustEndoError(f"Expected 1 to {IGNORE} classes, got {num_classes}: labels are bytes, 255 = ignore.")
    if pred.shape != target.shape or pred.ndim != 3 or pred.numel() == 0:
        raise RobustEndoError(
            f"Expected two label maps of one shape (B, H, W) with B, H, W > 0, got {tuple(pred.shape)} and "
            f"{tuple(target.shape)}: resize the prediction to the mask first."
        )
    if pred.device != target.device:
        raise RobustEndoError(
            f"Expected both label maps on one device, got {pred.device} and {target.device}: move one of them."
        )
    check_labels("prediction", pred, num_classes)
    check_labels("target", target, num_classes, ignored=True)


def check_labels(name: str, labels: Tensor, num_classes: int, ignored: bool = False) -> None:
    """Raise :class:`RobustEndoError` unless a map is uint8 with labels below C; waits for a GPU.

    Args:
        name: of the map in the message.
        labels: of any shape.
        num_classes: C.
        ignored: whether the map may have 255, too.
    """
    if labels.dtype != torch.uint8:
        raise RobustEndoError(f"Expected uint8 labels in the {name}, got {labels.dtype}: convert with .byte().")
    highest = _highest(labels, ignored)
    if highest >= num_classes:
        raise RobustEndoError(
            f"Expected labels from 0 to {num_classes - 1} in the {name}, got {highest}: "
            "give the right number of classes or correct the masks (255 = ignore)."
        )


def without_ignored(pred: Tensor, target: Tensor) -> Tensor:
    """The prediction with 255 where the target is 255: these pixels belong to no class in either map."""
    if pred.device.type == "cpu":
        return torch.from_numpy(_mask_ignored(pred.contiguous().numpy(), target.contiguous().numpy()))
    return pred.masked_fill(target == IGNORE, IGNORE)


def _highest(labels: Tensor, ignored: bool) -> int:
    """The highest label; with ``ignored`` 255 does not count."""
    if labels.device.type == "cpu":
        return int(_highest_cpu(labels.contiguous().numpy().reshape(-1), np.uint8(ignored)))
    return int(torch.where(labels == IGNORE, 0, labels).max() if ignored else labels.max())


@njit(cache=True, nogil=True)
def _highest_cpu(labels: NDArray[np.uint8], offset: np.uint8) -> int:
    """The highest label; with ``offset`` 1 the sum in bytes wraps 255 to 0, so that it counts as the lowest."""
    highest = np.uint8(0)
    for i in range(len(labels)):
        highest = max(highest, np.uint8(labels[i] + offset))
    return int(highest - offset) if highest > offset else 0


@njit(cache=True, nogil=True)
def _mask_ignored(pred: NDArray[np.uint8], target: NDArray[np.uint8]) -> NDArray[np.uint8]:
    result = np.empty_like(pred)
    p, t, flat = pred.reshape(-1), target.reshape(-1), result.reshape(-1)
    for i in range(len(flat)):
        flat[i] = t[i] if t[i] == 255 else p[i]
    return result
