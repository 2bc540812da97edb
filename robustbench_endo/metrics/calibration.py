"""Calibration: predictions by confidence, predictive entropy and the Brier score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.kernels.device_tables import device_table
from robustbench_endo.metrics.aggregation import NUM_BINS
from robustbench_endo.types import IGNORE

MAX_SAMPLES = 64
"""Sampled rows and columns of a frame at most: 4096 pixels."""


@dataclass(frozen=True)
class PixelConfidenceBins:
    """Sampled pixels of each frame by the confidence of their label, (B, 15) each, on the device of the maps.

    Attributes:
        count: int32, pixels.
        correct: int32, pixels with the correct label.
        confidence: float32, sum of their confidences.
    """

    count: Tensor
    correct: Tensor
    confidence: Tensor


def sample_positions(length: int) -> Tensor:
    """Sampled rows or columns of a side of ``length`` px: the middles of at most 64 equal parts, int64.

    >>> sample_positions(4).tolist(), sample_positions(128)[:3].tolist()
    ([0, 1, 2, 3], [1, 3, 5])
    """
    return torch.from_numpy(_positions(length))


def _positions(length: int) -> NDArray[np.int64]:
    parts = min(MAX_SAMPLES, length)
    return (2 * np.arange(parts) + 1) * length // (2 * parts)


def sample_pixels(maps: Tensor) -> Tensor:
    """The sampled pixels of maps: (..., H, W) -> (..., rows, columns)."""
    rows, columns = (device_table(_positions, maps.device, length) for length in maps.shape[-2:])
    return maps.index_select(-2, rows).index_select(-1, columns)


def confidence_bins(confidence: Tensor, labels: Tensor, target: Tensor) -> PixelConfidenceBins:
    """Count sampled pixels by confidence.

    Args:
        confidence: floating (B, h, w) in [0, 1], probability of the label.
        labels, target: uint8 (B, h, w); pixels whose target is 255 are left out.
    """
    batch, confidence = len(target), confidence.double()
    index = (confidence * NUM_BINS).ceil().long().sub_(1).clamp_(0, NUM_BINS - 1)  # as aggregation.bin_of
    # Pixels that do not count have a bin of their own: leaving them out would need their number on the host.
    index = index.masked_fill_(target == IGNORE, NUM_BINS).flatten(1)
    values = torch.stack((torch.ones_like(confidence), (labels == target).double(), confidence)).flatten(2)
    # A largest probability in float32 is at least 1/255, so that float64 adds 4096 of them exactly, in any order.
    sums = torch.zeros(3, batch, NUM_BINS + 1, dtype=torch.float64, device=target.device)
    count, correct, total = sums.scatter_add_(2, index.expand(3, -1, -1), values)[..., :NUM_BINS]
    return PixelConfidenceBins(count.int(), correct.int(), total.float())


def brier(probability: Tensor, target: Tensor) -> Tensor:
    """Brier score (1950) over all classes: sum of (p - onehot)^2, float64 (B,) in [0, 2]; NaN without a target.

    Args:
        probability: floating (B, K).
        target: int64 (B,), -1 for none; a class that the model does not have counts as probability 0.

    >>> brier(torch.tensor([[0.8, 0.2]]), torch.tensor([0])).round(decimals=4).tolist()
    [0.08]
    """
    p = probability.double()
    known = (target >= 0) & (target < p.shape[1])
    true_class = p.gather(1, target.clamp(0, p.shape[1] - 1)[:, None])[:, 0] * known
    return torch.where(target >= 0, p.square().sum(1) - 2 * true_class + 1, torch.nan)


def margin(probability: Tensor) -> Tensor:
    """Largest class probability less the second largest, (B, K, ...) -> (B, ...); the largest of a single class.

    >>> margin(torch.tensor([[0.7, 0.1, 0.2]])).item()
    0.5
    """
    if probability.shape[1] == 1:
        return probability[:, 0]
    first, second = probability.topk(2, dim=1).values.unbind(1)
    return first - second


def confidence_and_entropy(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Largest class probability and predictive entropy (nats), averaged over pixels where there are any.

    Args:
        logits: floating (B, K) or (B, C, h, w).

    Returns:
        Two float32 tensors (B,).

    >>> confidence, entropy = confidence_and_entropy(torch.zeros(1, 4))
    >>> confidence.item(), round(entropy.item(), 4)
    (0.25, 1.3863)
    """
    log_probability = torch.log_softmax(logits.float(), dim=1)
    probability = log_probability.exp()
    confidence = probability.amax(1)
    entropy = -(probability * log_probability).sum(1)
    return confidence.flatten(1).mean(1) if confidence.ndim > 1 else confidence, (
        entropy.flatten(1).mean(1) if entropy.ndim > 1 else entropy
    )
