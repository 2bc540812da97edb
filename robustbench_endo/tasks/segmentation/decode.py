"""From segmentation logits to label maps at the size of the target, and the confidence of sampled pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.metrics.calibration import confidence_and_entropy, sample_positions
from robustbench_endo.tasks.prediction import Prediction, finite_frames
from robustbench_endo.tasks.segmentation.decode_cpu import (
    interpolated,
    interpolated_argmax,
    is_finite,
    mean_confidence_and_entropy,
)
from robustbench_endo.types import IGNORE


@dataclass(frozen=True)
class SegmentationPrediction(Prediction):
    """A prediction with label maps.

    Attributes:
        sampled_confidence: float32 (B, rows, columns), largest class probability at a fixed sample of pixels.
        classes: of the model; all labels of the map are below.
    """

    sampled_confidence: Tensor
    classes: int = IGNORE


def decode(logits: Tensor, size: tuple[int, int]) -> SegmentationPrediction:
    """The prediction of logits (B, C, h, w) for targets of ``size`` (height, width), by bilinear interpolation.

    Confidence and entropy are means over the pixels of the model's own map.
    """
    if logits.device.type == "cpu":
        return _decode_cpu(logits, size)
    confidence, entropy = confidence_and_entropy(logits)
    return SegmentationPrediction(
        valid=finite_frames(logits),
        confidence=confidence,
        entropy=entropy,
        label_map=label_maps(logits, size),
        sampled_confidence=sampled_confidence(logits, size),
        classes=logits.shape[1],
    )


def _decode_cpu(logits: Tensor, size: tuple[int, int]) -> SegmentationPrediction:
    """A few compiled passes: torch's operations over channels cost more than the network of a small model."""
    maps = logits.float().contiguous()
    frames = maps.numpy()
    confidence, entropy = torch.tensor([mean_confidence_and_entropy(item) for item in frames], dtype=torch.float32).T
    return SegmentationPrediction(
        valid=torch.tensor([is_finite(item) for item in frames]),
        confidence=confidence,
        entropy=entropy,
        label_map=label_maps(maps, size),
        sampled_confidence=sampled_confidence(maps, size),
        classes=logits.shape[1],
    )


def label_maps(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Labels uint8 (B, H, W) of ``size`` from logits (B, C, h, w).

    The interpolation is that of ``torch.nn.functional.interpolate(mode="bilinear", align_corners=False)``; of equal
    logits the first class wins.
    """
    if logits.device.type == "cpu":
        weights = _weights(logits, size)
        items = logits.float().contiguous().numpy()
        return torch.from_numpy(np.stack([interpolated_argmax(item, *weights) for item in items]))
    if logits.shape[2:] != size:
        logits = F.interpolate(logits.float(), size=size, mode="bilinear", align_corners=False)
    return logits.argmax(1).byte()


def sampled_confidence(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Largest class probability at the sampled pixels of a target of ``size``, float32 (B, rows, columns).

    Args:
        logits: floating (B, C, h, w), interpolated as in :func:`label_maps`, only at the sampled pixels.
    """
    positions = [sample_positions(target).numpy() for target in size for _ in range(3)]
    weights = [each[sampled] for each, sampled in zip(_weights(logits, size), positions, strict=True)]
    if logits.device.type == "cpu":
        items = logits.float().contiguous().numpy()
        sampled = torch.from_numpy(np.stack([interpolated(item, *weights) for item in items]))
        return sampled.softmax(1).amax(1)
    top, bottom, down, left, right, across = (torch.from_numpy(each).to(logits.device) for each in weights)
    maps = logits.float()
    above, below = maps.index_select(2, top), maps.index_select(2, bottom)
    lines = above + down[:, None] * (below - above)
    first, second = lines.index_select(3, left), lines.index_select(3, right)
    return (first + across * (second - first)).softmax(1).amax(1)


def _weights(logits: Tensor, size: tuple[int, int]) -> list[NDArray[Any]]:
    """Neighbours and weight of each row, then of each column."""
    lengths = zip(logits.shape[2:], size, strict=True)
    return [each for length, target in lengths for each in interpolation_weights(length, target)]


def interpolation_weights(length: int, target: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """For each of ``target`` positions: its two neighbours among ``length`` pixels and the weight of the second."""
    position = np.clip((np.arange(target) + 0.5) * (length / target) - 0.5, 0, length - 1)
    low = np.floor(position).astype(np.int64)
    return low, np.minimum(low + 1, length - 1), (position - low).astype(np.float32)
