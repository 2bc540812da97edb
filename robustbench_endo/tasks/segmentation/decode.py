"""From segmentation logits to label maps at the size of the target, and the confidence of sampled pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.metrics.calibration import sample_positions
from robustbench_endo.tasks.prediction import Prediction
from robustbench_endo.tasks.segmentation import confidence as confidence_scores
from robustbench_endo.tasks.segmentation import decode_gpu
from robustbench_endo.tasks.segmentation.decode_cpu import (
    interpolated,
    interpolated_argmax,
    is_finite,
    mean_confidence_and_entropy,
)
from robustbench_endo.tasks.segmentation.interpolation import interpolation_weights
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
    valid, confidence, entropy = decode_gpu.summarise(logits)
    return SegmentationPrediction(
        valid=valid,
        confidence=confidence,
        entropy=entropy,
        label_map=decode_gpu.label_maps(logits, size),
        sampled_confidence=decode_gpu.sampled_confidence(logits, size),
        classes=logits.shape[1],
        confidences=dict(zip(confidence_scores.NAMES, confidence_scores.summarise(logits), strict=True)),
    )


def _decode_cpu(logits: Tensor, size: tuple[int, int]) -> SegmentationPrediction:
    """A few compiled passes: torch's operations over channels cost more than the network of a small model."""
    maps = logits.float().contiguous()
    frames = maps.numpy()
    largest = np.empty(frames.shape[2:], np.float32)
    confidence, entropy, *further = torch.tensor(
        [
            (*mean_confidence_and_entropy(item, largest), *confidence_scores.summarise_cpu(item, largest))
            for item in frames
        ],
        dtype=torch.float32,
    ).T
    return SegmentationPrediction(
        valid=torch.tensor([is_finite(item) for item in frames]),
        confidence=confidence,
        entropy=entropy,
        label_map=label_maps(maps, size),
        sampled_confidence=sampled_confidence(maps, size),
        classes=logits.shape[1],
        confidences=dict(zip(confidence_scores.NAMES, further, strict=True)),
    )


def label_maps(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Labels uint8 (B, H, W) of ``size`` from logits (B, C, h, w).

    The interpolation is that of ``torch.nn.functional.interpolate(mode="bilinear", align_corners=False)``; of equal
    logits the first class wins.
    """
    if logits.device.type != "cpu":
        return decode_gpu.label_maps(logits, size)
    weights = _weights(logits, size)
    items = logits.float().contiguous().numpy()
    return torch.from_numpy(np.stack([interpolated_argmax(item, *weights) for item in items]))


def sampled_confidence(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Largest class probability at the sampled pixels of a target of ``size``, float32 (B, rows, columns).

    Args:
        logits: floating (B, C, h, w), interpolated as in :func:`label_maps`, only at the sampled pixels.
    """
    if logits.device.type != "cpu":
        return decode_gpu.sampled_confidence(logits, size)
    positions = [sample_positions(target).numpy() for target in size for _ in range(3)]
    weights = [each[sampled] for each, sampled in zip(_weights(logits, size), positions, strict=True)]
    items = logits.float().contiguous().numpy()
    sampled = torch.from_numpy(np.stack([interpolated(item, *weights) for item in items]))
    return sampled.softmax(1).amax(1)


def _weights(logits: Tensor, size: tuple[int, int]) -> list[NDArray[Any]]:
    """Neighbours and weight of each row, then of each column."""
    lengths = zip(logits.shape[2:], size, strict=True)
    return [each for length, target in lengths for each in interpolation_weights(length, target)]
