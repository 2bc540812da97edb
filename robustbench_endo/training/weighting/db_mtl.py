"""`db_mtl`: dual balancing, of loss scales by the logarithm and of gradient lengths by normalising.

Source: Lin et al., "Dual-Balancing for Multi-Task Learning", arXiv 2308.12029.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from robustbench_endo.training.weighting.base import AggregatedGradient, Weighting, within

EPS = 1e-8


@dataclass
class DBMTL(Weighting):
    """Every task's smoothed gradient of its log-loss, stretched to the length of the longest.

    u_t = g_t / L_t, the gradient of log L_t,  y_t <- u_t + beta_k (y_t - u_t) with beta_k = beta / k^beta_sigma,
    d = sum_t max_s |y_s| / |y_t| y_t. Own parameters: the gradients of log L_t, 1 / L_t times their plain ones.

    Attributes:
        beta, beta_sigma: forgetting of the smoothed gradients (0 = none is remembered), and its decay.

    Raises:
        TrainingError: an option out of range.
    """

    name = "db_mtl"
    kept = ("step", "smoothed")

    beta: float = 0.9
    beta_sigma: float = 0.0
    step: int = field(default=0, init=False)
    smoothed: Tensor | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        within("beta", self.beta, 0, 1)
        within("beta_sigma", self.beta_sigma, 0)

    def combine(self, losses: Tensor, gradients: Tensor) -> AggregatedGradient:
        """See :meth:`Weighting.combine`; the weights for the log are those of the balanced gradients, all 1."""
        self.step += 1
        factors = 1 / (losses + EPS)
        u = gradients * factors[:, None]
        before = torch.zeros_like(u) if self.smoothed is None else self.smoothed.to(u.device)
        self.smoothed = y = u.lerp_(before, self.beta / self.step**self.beta_sigma)
        lengths = y.norm(dim=1)
        stretch = lengths.max() / (lengths + EPS)
        return AggregatedGradient(stretch @ y, factors, torch.ones_like(losses))
