"""`db_mtl`: dual balancing, of loss scales by the logarithm and of gradient norms by normalisation.

Source: Lin et al., "Dual-Balancing for Multi-Task Learning", arXiv 2308.12029.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from robustbench_endo.training.weighting.base import AggregatedGradient, Weighting, check_range

EPS = 1e-8


@dataclass
class DBMTL(Weighting):
    """Smoothed gradients of the log-losses, scaled to the norm of the longest.

    u_t = g_t / L_t, the gradient of log L_t,  y_t <- u_t + beta_k (y_t - u_t) with beta_k = beta / k^beta_sigma,
    d = sum_t max_s |y_s| / |y_t| y_t. Task-specific parameters: the gradients of log L_t, 1 / L_t times the plain ones.

    Attributes:
        beta, beta_sigma: momentum of the smoothed gradients (0 = none), and its decay.

    Raises:
        TrainingError: an option out of range.
    """

    name = "db_mtl"
    state_keys = ("step", "smoothed")

    beta: float = 0.9
    beta_sigma: float = 0.0
    step: int = field(default=0, init=False)
    smoothed: Tensor | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        check_range("beta", self.beta, 0, 1)
        check_range("beta_sigma", self.beta_sigma, 0)

    def combine(self, losses: Tensor, gradients: Tensor) -> AggregatedGradient:
        """See :meth:`Weighting.combine`; the weights for the log are those of the balanced gradients, all 1."""
        self.step += 1
        factors = 1 / (losses + EPS)
        u = gradients * factors[:, None]
        before = torch.zeros_like(u) if self.smoothed is None else self.smoothed.to(u.device)
        self.smoothed = y = u.lerp_(before, self.beta / self.step**self.beta_sigma)
        norms = y.norm(dim=1)
        scales = norms.max() / (norms + EPS)
        return AggregatedGradient(scales @ y, factors, torch.ones_like(losses))
