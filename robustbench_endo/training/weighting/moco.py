"""`moco`: multi-objective optimisation with tracked gradients.

Source: Fernando et al., "Mitigating Gradient Bias in Multi-objective Learning: A Provably Convergent Approach",
ICLR 2023; gradients normalised and scaled by the loss as in the authors' experiments.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from robustbench_endo.training.weighting.base import AggregatedGradient, Weighting, check_range

EPS = 1e-8


@dataclass
class MoCo(Weighting):
    """Tracks the gradients by moving averages y_t, and the weights by descent to the common descent direction.

    h_t = L_t g_t / |g_t|,  y_t <- y_t - beta_k (y_t - h_t),
    lambda <- softmax(lambda - gamma_k (Y Y^T + rho I) lambda),  d = sum_t lambda_t y_t,
    with beta_k = beta / k^beta_sigma and gamma_k = gamma / k^gamma_sigma in step k = 1, 2, ...
    Task-specific parameters: plain gradients.

    Attributes:
        beta, beta_sigma: step size of the tracked gradients, and its decay.
        gamma, gamma_sigma: step size of the weights, and its decay.
        rho: L2 regularisation of the weights.

    Raises:
        TrainingError: an option out of range.
    """

    name = "moco"
    state_keys = ("step", "tracked", "weights")

    beta: float = 0.5
    beta_sigma: float = 0.5
    gamma: float = 0.1
    gamma_sigma: float = 0.5
    rho: float = 0.0
    step: int = field(default=0, init=False)
    tracked: Tensor | None = field(default=None, init=False, repr=False)
    weights: Tensor | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        check_range("beta", self.beta, 0, 1)
        for option in ("beta_sigma", "gamma", "gamma_sigma", "rho"):
            check_range(option, getattr(self, option), 0)

    def combine(self, losses: Tensor, gradients: Tensor) -> AggregatedGradient:
        """See :meth:`Weighting.combine`."""
        self.step += 1
        y, weights = self._state(gradients)
        norms = gradients.norm(dim=1) + EPS
        y.lerp_(gradients * (losses / norms)[:, None], self.beta / self.step**self.beta_sigma)
        gram = y @ y.T + self.rho * torch.eye(len(y), dtype=y.dtype, device=y.device)
        gamma = self.gamma / self.step**self.gamma_sigma
        self.tracked, self.weights = y, (weights - gamma * gram @ weights).softmax(dim=0)
        return AggregatedGradient(self.weights @ y, torch.ones_like(losses), self.weights)

    def _state(self, gradients: Tensor) -> tuple[Tensor, Tensor]:
        if self.tracked is None or self.weights is None:
            return torch.zeros_like(gradients), gradients.new_full((len(gradients),), 1 / len(gradients))
        return self.tracked.to(gradients.device), self.weights.to(gradients.device)
