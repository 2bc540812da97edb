"""Does a confidence of 80 % mean right in 80 % of cases: counts by confidence, and the Brier score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.types import IGNORE

BINS = 15
"""Bins of equal width over [0, 1], each open below and closed above (Guo et al., ICML 2017)."""

SAMPLES = 64
"""Rows and columns of the lattice of sampled pixels, at most: 4096 pixels a frame."""


@dataclass(frozen=True)
class ConfidenceBins:
    """Sampled pixels of each frame by the confidence of their label, (B, 15) each.

    Attributes:
        count: int32, pixels.
        right: int32, pixels with the right label.
        confidence: float32, sum of their confidences.
    """

    count: NDArray[np.int32]
    right: NDArray[np.int32]
    confidence: NDArray[np.float32]


def lattice(length: int) -> Tensor:
    """Sampled rows or columns of a side of ``length`` px: the middles of at most 64 equal parts, int64."""
    parts = min(SAMPLES, length)
    return (2 * torch.arange(parts) + 1) * length // (2 * parts)


def sampled(maps: Tensor) -> Tensor:
    """The pixels of the lattice: (..., H, W) -> (..., rows, columns)."""
    rows, columns = (lattice(length).to(maps.device) for length in maps.shape[-2:])
    return maps.index_select(-2, rows).index_select(-1, columns)


def confidence_bins(confidence: Tensor, labels: Tensor, target: Tensor) -> ConfidenceBins:
    """Count sampled pixels by confidence.

    Args:
        confidence: floating (B, h, w) in [0, 1], probability of the label.
        labels, target: uint8 (B, h, w); pixels whose target is 255 are left out.
    """
    known = (target != IGNORE).cpu().numpy()
    sure = confidence.double().cpu().numpy()[known]
    place = np.clip(np.ceil(sure * BINS).astype(np.intp) - 1, 0, BINS - 1) + np.nonzero(known)[0] * BINS
    right = (labels == target).cpu().numpy()[known]
    count, hits, total = (
        np.bincount(place, weights, len(known) * BINS).reshape(-1, BINS) for weights in (None, right, sure)
    )
    return ConfidenceBins(count.astype(np.int32), hits.astype(np.int32), total.astype(np.float32))


def brier(probability: Tensor, target: Tensor) -> Tensor:
    """Brier score (1950) over all classes: sum of (p - onehot)^2, float64 (B,) in [0, 2]; NaN without a target.

    Args:
        probability: floating (B, K).
        target: int64 (B,), -1 for none; a class that the model does not have counts as probability 0.
    """
    p = probability.double()
    known = (target >= 0) & (target < p.shape[1])
    chosen = p.gather(1, target.clamp(0, p.shape[1] - 1)[:, None])[:, 0] * known
    return torch.where(target >= 0, p.square().sum(1) - 2 * chosen + 1, torch.nan)


def confidence_and_entropy(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Largest class probability and predictive entropy (nats), averaged over pixels where there are any.

    Args:
        logits: floating (B, K) or (B, C, h, w).

    Returns:
        Two float32 tensors (B,).
    """
    log_probability = torch.log_softmax(logits.float(), dim=1)
    probability = log_probability.exp()
    confidence = probability.amax(1)
    entropy = -(probability * log_probability).sum(1)
    return confidence.flatten(1).mean(1) if confidence.ndim > 1 else confidence, (
        entropy.flatten(1).mean(1) if entropy.ndim > 1 else entropy
    )
