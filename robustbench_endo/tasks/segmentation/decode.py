"""From segmentation logits to label maps at the size of the target, and the confidence of sampled pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.metrics.calibration import confidence_and_entropy, sample_positions
from robustbench_endo.tasks.prediction import Prediction, finite_frames


@dataclass(frozen=True)
class SegmentationPrediction(Prediction):
    """A prediction with label maps.

    Attributes:
        sampled_confidence: float32 (B, rows, columns), largest class probability at a fixed sample of pixels.
    """

    sampled_confidence: Tensor


def decode(logits: Tensor, size: tuple[int, int]) -> SegmentationPrediction:
    """The prediction of logits (B, C, h, w) for targets of ``size`` (height, width), by bilinear interpolation.

    Confidence and entropy are means over the pixels of the model's own map.
    """
    confidence, entropy = confidence_and_entropy(logits)
    return SegmentationPrediction(
        valid=finite_frames(logits),
        confidence=confidence,
        entropy=entropy,
        label_map=label_maps(logits, size),
        sampled_confidence=sampled_confidence(logits, size),
    )


def label_maps(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Labels uint8 (B, H, W) of ``size`` from logits (B, C, h, w).

    The interpolation is that of ``torch.nn.functional.interpolate(mode="bilinear", align_corners=False)``; of equal
    logits the first class wins.
    """
    if logits.device.type == "cpu":
        # One compiled pass: torch's argmax over the channels costs more than the network of a small model.
        rows, columns = (
            interpolation_weights(length, target) for length, target in zip(logits.shape[2:], size, strict=True)
        )
        maps = np.ascontiguousarray(logits.float().numpy())
        return torch.from_numpy(np.stack([_interpolated_argmax(item, *rows, *columns) for item in maps]))
    if logits.shape[2:] != size:
        logits = F.interpolate(logits.float(), size=size, mode="bilinear", align_corners=False)
    return logits.argmax(1).byte()


def sampled_confidence(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Largest class probability at the sampled pixels of a target of ``size``, float32 (B, rows, columns).

    Args:
        logits: floating (B, C, h, w), interpolated as in :func:`label_maps`, only at the sampled pixels.
    """
    (top, bottom, down), (left, right, across) = (
        [torch.from_numpy(values)[sample_positions(target)].to(logits.device) for values in weights]
        for length, target in zip(logits.shape[2:], size, strict=True)
        for weights in [interpolation_weights(length, target)]
    )
    maps = logits.float()
    above, below = maps.index_select(2, top), maps.index_select(2, bottom)
    lines = above + down[:, None] * (below - above)
    first, second = lines.index_select(3, left), lines.index_select(3, right)
    return (first + across * (second - first)).softmax(1).amax(1)


def interpolation_weights(length: int, target: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """For each of ``target`` positions: its two neighbours among ``length`` pixels and the weight of the second."""
    position = np.clip((np.arange(target) + 0.5) * (length / target) - 0.5, 0, length - 1)
    low = np.floor(position).astype(np.int64)
    return low, np.minimum(low + 1, length - 1), (position - low).astype(np.float32)


@njit(cache=True, nogil=True)
def _interpolated_argmax(
    logits: NDArray[np.float32],
    top: NDArray[np.int64],
    bottom: NDArray[np.int64],
    down: NDArray[np.float32],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    across: NDArray[np.float32],
) -> NDArray[np.uint8]:
    classes, _, length = logits.shape
    height, width = top.size, left.size
    labels = np.zeros((height, width), np.uint8)
    line = np.empty(length, np.float32)
    best = np.empty(width, np.float32)
    for y in range(height):
        best[:] = -np.inf
        for c in range(classes):
            above, below = logits[c, top[y]], logits[c, bottom[y]]
            for x in range(length):
                line[x] = above[x] + down[y] * (below[x] - above[x])
            for x in range(width):
                value = line[left[x]] + across[x] * (line[right[x]] - line[left[x]])
                if value > best[x]:
                    best[x] = value
                    labels[y, x] = c
    return labels
