"""`aligned_mtl`: independent component alignment.

Source: Senushkin et al., "Independent Component Alignment for Multi-Task Learning", CVPR 2023 (algorithm 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from robustbench_endo.training.weighting.base import AggregatedGradient, Weighting


@dataclass
class AlignedMTL(Weighting):
    """Replaces the system of gradients by the nearest one of condition number 1.

    G G^T = V diag(lambda) V^T,  B = sqrt(lambda_min) V diag(lambda)^(-1/2) V^T,  d = sum_t alpha_t g_t, alpha = B 1,
    over the eigenvalues above rounding. Task-specific parameters: plain gradients.
    """

    name = "aligned_mtl"

    def combine(self, losses: Tensor, gradients: Tensor) -> AggregatedGradient:
        """See :meth:`Weighting.combine`."""
        alpha = balance(gradients @ gradients.T).sum(dim=1).to(gradients)
        return AggregatedGradient(alpha @ gradients, torch.ones_like(losses), alpha)


def balance(gram: Tensor) -> Tensor:
    """B (T, T) of a Gram matrix G G^T (T, T): the rows of B G are orthogonal and of one length; float64, on the CPU.

    The identity where all gradients are zero.
    """
    values, vectors = torch.linalg.eigh(gram.double().cpu())
    rounding = values.max() * len(values) * torch.finfo(gram.dtype).eps
    nonzero = values > rounding
    if not nonzero.any():
        return torch.eye(len(values), dtype=torch.float64)
    values, vectors = values[nonzero], vectors[:, nonzero]
    transform: Tensor = values.min().sqrt() * (vectors / values.sqrt()) @ vectors.T
    return transform
