"""Further confidences of segmentation logits: margin, least certain region, boundary of the predicted label map.

All are at the model's own resolution. A region is a class of the predicted label map; the boundary is its pixels with
a 4-neighbour of another class.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.metrics.calibration import margin
from robustbench_endo.tasks.segmentation.decode_cpu import two_largest

NAMES = ("margin", "region", "boundary")
"""Of the confidences, in the order of :func:`summarise_cpu`."""


@njit(cache=True, nogil=True)
def summarise_cpu(logits: NDArray[np.float32], largest: NDArray[np.float32]) -> tuple[float, float, float]:
    """The confidences of one frame; that of the boundary is NaN where one class is everywhere.

    Args:
        logits: finite, (C, h, w).
        largest: largest class probability, (h, w).
    """
    classes, height, width = logits.shape
    labels, margins = np.empty((height, width), np.uint8), 0.0
    total, count = np.zeros(classes), np.zeros(classes, np.int64)
    highest, second, which = np.empty(width, np.float32), np.empty(width, np.float32), np.empty(width, np.int32)
    for y in range(height):
        two_largest(logits, y, highest, second, which)
        for x in range(width):
            labels[y, x] = which[x]
            margins += largest[y, x] * (1 - math.exp(second[x] - highest[x]))
            total[which[x]] += largest[y, x]
            count[which[x]] += 1
    region = np.inf
    for c in range(classes):
        if count[c]:
            region = min(region, total[c] / count[c])
    return margins / (height * width), region, _boundary_mean(labels, largest)


@njit(cache=True, nogil=True)
def _boundary_mean(labels: NDArray[np.uint8], values: NDArray[np.float32]) -> float:
    """Mean of the values at pixels with a 4-neighbour of another label; NaN without any."""
    height, width = labels.shape
    total, count = 0.0, 0
    for y in range(height):
        for x in range(width):
            label = labels[y, x]
            differs = (x > 0 and labels[y, x - 1] != label) or (x + 1 < width and labels[y, x + 1] != label)
            differs = differs or (y > 0 and labels[y - 1, x] != label) or (y + 1 < height and labels[y + 1, x] != label)
            if differs:
                total += values[y, x]
                count += 1
    return total / count if count else np.nan


def summarise(logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """:func:`summarise_cpu` of a batch (B, C, h, w) in plain torch on any device, float32 (B,) each."""
    probability = logits.float().softmax(1)
    largest, labels = probability.amax(1).double(), logits.argmax(1)
    # A largest probability in float32 is at least 1/255: float64 adds 2^22 of them exactly, in any order.
    sums = torch.zeros(2, *logits.shape[:2], dtype=torch.float64, device=logits.device)
    values = torch.stack((largest, torch.ones_like(largest))).flatten(2)
    total, count = sums.scatter_add_(2, labels.flatten(1).expand(2, -1, -1), values)
    region = (total / count).masked_fill(count == 0, torch.inf).amin(1)
    boundary = boundary_pixels(labels)
    on_boundary = (largest * boundary).sum((1, 2)) / boundary.sum((1, 2))  # 0 / 0 is NaN
    return margin(probability).double().mean((1, 2)).float(), region.float(), on_boundary.float()


def boundary_pixels(labels: Tensor) -> Tensor:
    """Whether a 4-neighbour has another label, bool, (B, h, w)."""
    result = torch.zeros_like(labels, dtype=torch.bool)
    rows, columns = labels[:, 1:] != labels[:, :-1], labels[:, :, 1:] != labels[:, :, :-1]
    result[:, 1:] |= rows
    result[:, :-1] |= rows
    result[:, :, 1:] |= columns
    result[:, :, :-1] |= columns
    return result
