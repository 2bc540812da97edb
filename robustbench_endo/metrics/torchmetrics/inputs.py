"""From what torchmetrics accepts (label maps, one-hot masks, logits) to the label maps of the metrics."""

from __future__ import annotations

import torch
from torch import Tensor

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.tasks.segmentation.decode import label_maps
from robustbench_endo.types import IGNORE

INPUT_FORMATS = ("auto", "index", "one-hot", "mixed")
"""How classes are coded: as torchmetrics' ``input_format``, and ``auto`` for any of them."""

_WITH_CLASSES = {"index": (False, False), "one-hot": (True, True)}
_SHAPES = "integer labels (B, H, W), a one-hot mask (B, C, H, W)"


def to_label_maps(
    preds: Tensor, target: Tensor, num_classes: int, input_format: str = "auto", ignore_index: int | None = IGNORE
) -> tuple[Tensor, Tensor]:
    """Label maps uint8 (B, H, W) of predictions and targets; 255 in the target is ignored.

    Args:
        preds: integer labels (B, H, W), a one-hot mask (B, C, H, W), or floating logits or probabilities
            (B, C, H, W), of which the highest counts. A frame with a NaN or infinite number is ignored.
        target: integer labels (B, H, W), or a one-hot mask (B, C, H, W).
        num_classes: C.
        input_format: one of ``INPUT_FORMATS``.
        ignore_index: label of target pixels that are ignored; None for none.

    Raises:
        RobustEndoError: another shape, type or label.

    >>> scores = torch.tensor([0.2, 0.8]).view(1, 2, 1, 1)
    >>> [labels.item() for labels in to_label_maps(scores, torch.tensor([[[0]]]), num_classes=2)]
    [1, 0]
    """
    _check_tensors(preds, target, input_format)
    predicted, true = _labels("preds", preds, num_classes), _labels("target", target, num_classes)
    if predicted.shape != true.shape:
        raise RobustEndoError(
            f"Expected preds and target of one size, got {tuple(predicted.shape)} and {tuple(true.shape)} (B, H, W): "
            "resize the logits to the target first."
        )
    ignored = torch.zeros_like(true, dtype=torch.bool) if ignore_index is None else true == ignore_index
    _check_range(
        "target", true.masked_fill(ignored, 0), num_classes, "set num_classes or ignore_index to those of the data"
    )
    _check_range("preds", predicted.masked_fill(ignored, 0), num_classes, "set num_classes to that of the model")
    predicted = predicted.masked_fill(ignored, 0).byte()
    if preds.is_floating_point():
        ignored = ignored | ~preds.isfinite().flatten(1).all(1).view(-1, 1, 1)
    return predicted, true.byte().masked_fill(ignored, IGNORE)


def _check_tensors(preds: Tensor, target: Tensor, input_format: str) -> None:
    for name, tensor in (("preds", preds), ("target", target)):
        if not torch.is_tensor(tensor):
            raise RobustEndoError(f"Expected a tensor as {name}, got {type(tensor).__name__}: convert it first.")
        if tensor.ndim not in (3, 4) or tensor.numel() == 0:
            raise RobustEndoError(
                f"Expected {_SHAPES} as {name}, got {tuple(tensor.shape)}: add the axis of the batch, or leave out "
                "empty batches."
            )
    if preds.device != target.device:
        raise RobustEndoError(
            f"Expected preds and target on one device, got {preds.device} and {target.device}: move one of them."
        )
    if target.is_floating_point() or target.is_complex():
        raise RobustEndoError(f"Expected {_SHAPES} as target, got {target.dtype}: convert it with .long().")
    with_classes = preds.ndim == 4, target.ndim == 4
    mixed = input_format == "mixed" and with_classes in ((True, False), (False, True))
    if input_format != "auto" and not mixed and with_classes != _WITH_CLASSES.get(input_format):
        raise RobustEndoError(
            f"Expected preds and target of the input_format {input_format!r}, got {preds.ndim} and {target.ndim} "
            "dimensions: one-hot masks have 4 and label maps 3; input_format='auto' accepts all."
        )


_CHANNELS_FIX = "give (B, C, H, W) with a channel for each class, or integer labels (B, H, W), tensor.squeeze(1)"


def _labels(name: str, tensor: Tensor, num_classes: int) -> Tensor:
    """Integer labels (B, H, W); those of label maps are not checked."""
    if tensor.ndim == 4 and tensor.shape[1] != num_classes:
        raise RobustEndoError(
            f"Expected {num_classes} channels in {name}, as num_classes is {num_classes}, got shape "
            f"{tuple(tensor.shape)}: {_CHANNELS_FIX}."
        )
    if tensor.is_floating_point() and tensor.ndim == 4:
        return label_maps(tensor.detach(), (tensor.shape[2], tensor.shape[3]))
    if tensor.is_floating_point() or tensor.is_complex():
        raise RobustEndoError(
            f"Expected {_SHAPES} or logits (B, C, H, W) as {name}, got {tensor.dtype} of shape {tuple(tensor.shape)}: "
            "give the logits of all classes, or labels."
        )
    if tensor.ndim == 3:
        return tensor.byte() if tensor.dtype == torch.bool else tensor
    classes = tensor != 0
    if not bool((classes.sum(1) == 1).all()):
        raise RobustEndoError(
            f"Expected one class per pixel in the one-hot mask {name}, got pixels with none or several: give a label "
            "map, where ignored pixels have the label ignore_index."
        )
    return classes.byte().argmax(1)


def _check_range(name: str, labels: Tensor, num_classes: int, advice: str) -> None:
    low, high = (int(each) for each in labels.aminmax())
    if low < 0 or high >= num_classes:
        raise RobustEndoError(
            f"Expected labels from 0 to {num_classes - 1} in {name}, got {low if low < 0 else high}: {advice}."
        )
