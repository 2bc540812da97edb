"""Cross-entropy whose bits do not depend on the order in which a GPU computes."""

from __future__ import annotations

import torch
from torch import Tensor


def deterministic_cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
    """``torch.nn.functional.cross_entropy`` up to rounding, without its ``nll_loss2d``, and 0 without any target.

    On CUDA ``nll_loss2d`` adds the pixels in the order in which they are computed, which differs between two runs.
    Nothing here waits for the GPU.

    Args:
        logits: float32 (B, C, ...).
        targets: int64 (B, ...); values that are no class are ignored.
        weights: of the classes, (C,), or None.

    >>> round(deterministic_cross_entropy(torch.zeros(3, 2), torch.tensor([0, 1, -1]), None).item(), 4)  # log 2
    0.6931
    """
    shape = (-1, *(1 for _ in logits.shape[2:]))
    share = (targets[:, None] == torch.arange(logits.shape[1], device=logits.device).view(shape)).to(logits.dtype)
    if weights is not None:
        share = share * weights.view(shape)
    return -(logits.log_softmax(1) * share).sum() / share.sum().clamp_min(torch.finfo(share.dtype).tiny)
