"""`stch`: smooth Tchebycheff scalarisation.

Source: Lin et al., "Smooth Tchebycheff Scalarization for Multi-Objective Optimization", ICML 2024; logarithms and
warm-up as in the authors' code for deep networks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from robustbench_endo.errors import TrainingError
from robustbench_endo.training.weighting.base import AggregatedGradient, Weighting, check_range

EPS = 1e-20


@dataclass
class STCH(Weighting):
    """Descends a smooth maximum of the log-losses, so that the worst task dominates.

    L = T mu log sum_t exp(log(L_t / z_t) / mu), with z_t the mean loss of task t during the last epoch of the warm-up
    (over the steps in which it had one); during the warm-up L = sum_t log L_t.
    d = sum_t w_t g_t with w_t = dL / dL_t. Task-specific parameters: the gradients of L, w_t times the plain ones.

    Attributes:
        mu: smoothness, the limit 0 is the maximum.
        warmup_epoch: the last epoch (from 0) of the warm-up.

    Raises:
        TrainingError: an option out of range.
    """

    name = "stch"
    state_keys = ("epoch", "sums", "counts")

    mu: float = 1.0
    warmup_epoch: int = 4
    epoch: int = field(default=0, init=False)
    sums: Tensor | None = field(default=None, init=False)
    counts: Tensor | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        check_range("mu", self.mu, 1e-6)
        check_range("warmup_epoch", self.warmup_epoch, 0)
        if self.warmup_epoch % 1:
            raise TrainingError(
                f"Expected an integer number of epochs for warmup_epoch, got {self.warmup_epoch}: round it."
            )

    def start_epoch(self, epoch: int) -> None:
        """See :meth:`Weighting.start_epoch`."""
        self.epoch = epoch

    def combine(self, losses: Tensor, gradients: Tensor) -> AggregatedGradient:
        """See :meth:`Weighting.combine`; the weights for the log are the preferences, all 1."""
        exact = losses.double()
        if self.epoch == self.warmup_epoch:
            self._update(exact)
        factors = (self._factors(exact) if self.epoch > self.warmup_epoch else 1 / (exact + EPS)).to(losses)
        return AggregatedGradient(factors @ gradients, factors, torch.ones_like(losses))

    def _factors(self, losses: Tensor) -> Tensor:
        """dL / dL_t: T softmax_t(log(L / z) / mu) / L_t."""
        z = self._nadir(losses)
        ratios = losses / z + EPS
        return len(losses) * (ratios.log() / self.mu).softmax(dim=0) / (z * ratios)

    def _update(self, losses: Tensor) -> None:
        present = (losses > 0).to(losses)
        zeros = torch.zeros_like(losses)
        self.sums = (zeros if self.sums is None else self.sums.to(losses.device)) + losses
        self.counts = (zeros if self.counts is None else self.counts.to(losses.device)) + present

    def _nadir(self, losses: Tensor) -> Tensor:
        """z (T,); 1 for a task without a loss in the warm-up."""
        if self.sums is None or self.counts is None:
            return torch.ones_like(losses)
        sums, counts = self.sums.to(losses.device), self.counts.to(losses.device)
        return torch.where(counts > 0, sums / counts.clamp_min(1), 1.0)
