"""How sure a model is: confidence and entropy of both tasks."""

from __future__ import annotations

import torch
from torch import Tensor


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
