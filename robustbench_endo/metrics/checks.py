"""What every metric asks of label maps, checked in one place."""

from __future__ import annotations

import torch
from torch import Tensor

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.types import IGNORE


def check_label_maps(pred: Tensor, target: Tensor, num_classes: int) -> None:
    """Raise :class:`RobustEndoError` unless both maps are uint8 (B, H, W) with labels below C (target: or 255)."""
    if pred.shape != target.shape or pred.ndim != 3 or pred.shape[0] == 0:
        raise RobustEndoError(
            f"Expected two label maps of one shape (B, H, W) with B > 0, found {tuple(pred.shape)} and "
            f"{tuple(target.shape)}: resize the prediction to the mask first."
        )
    for name, labels in (("prediction", pred), ("target", target)):
        if labels.dtype != torch.uint8:
            raise RobustEndoError(f"Expected uint8 labels in the {name}, found {labels.dtype}: convert with .byte().")
    _check_range("prediction", pred, num_classes)
    _check_range("target", torch.where(target == IGNORE, 0, target), num_classes)


def _check_range(name: str, labels: Tensor, num_classes: int) -> None:
    highest = int(labels.max())
    if highest >= num_classes:
        raise RobustEndoError(
            f"Expected labels from 0 to {num_classes - 1} in the {name}, found {highest}: "
            "give the right number of classes or correct the masks (255 = ignore)."
        )
