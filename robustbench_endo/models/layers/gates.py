"""Gates: how much each of E experts contributes to one task, from the experts' pooled features.

Sources: Ma et al., "Modeling Task Relationships in Multi-task Learning with Multi-gate Mixture-of-Experts", KDD 2018;
Hazimeh et al., "DSelect-k: Differentiable Selection in the Mixture of Experts", NeurIPS 2021.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn


class SoftmaxGate(nn.Module):
    """g(x) = softmax(W x): weights (B, E) that sum to 1."""

    def __init__(self, features: int, experts: int) -> None:
        super().__init__()
        self.logits = nn.Linear(features, experts)

    def forward(self, x: Tensor) -> Tensor:
        """(B, F) -> (B, E)."""
        weights: Tensor = self.logits(x).softmax(dim=-1)
        return weights


class DSelectKGate(nn.Module):
    """q(x) = sum_i softmax(G x)_i r(Z_i x): k single-expert selectors in binary code, at most k nonzero weights.

    Args:
        select: k, the number of selectors.
        gamma: width of the smooth step; outside it a selector is exactly 0 or 1 and no gradient flows.
        entropy: weight of the selectors' entropy in the regulariser.
        reduction: the regulariser is the `mean` over the batch, or the `sum` as in LibMTL and the EndoARSS authors'
            code, where ``entropy`` does not weight the term of unreachable experts.
        shares_init: bound of the initial values of G, 0 = that of torch's linear layers (LibMTL: 0.05).
    """

    codes: Tensor

    def __init__(
        self,
        features: int,
        experts: int,
        select: int,
        gamma: float = 1.0,
        entropy: float = 1.0,
        reduction: Literal["mean", "sum"] = "mean",
        shares_init: float = 0.0,
    ) -> None:
        super().__init__()
        self.select, self.gamma = select, gamma
        self.entropy, self.reduction = entropy, reduction
        self.bits = max(1, math.ceil(math.log2(experts)))
        self.shares = nn.Linear(features, select)
        self.selectors = nn.Linear(features, select * self.bits)
        # Close to zero, so that every expert is reachable at the start (section 3.2 of the paper).
        nn.init.uniform_(self.selectors.weight, -gamma / 100, gamma / 100)
        nn.init.uniform_(self.selectors.bias, -gamma / 100, gamma / 100)
        if shares_init:
            nn.init.uniform_(self.shares.weight, -shares_init, shares_init)
            nn.init.uniform_(self.shares.bias, -shares_init, shares_init)
        codes = torch.arange(experts)[:, None] >> torch.arange(self.bits) & 1
        self.register_buffer("codes", codes.bool(), persistent=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, F) -> weights (B, E) and the regulariser, a scalar that falls as the selectors become one-hot."""
        single = self.single_selectors(x)
        shares = self.shares(x).softmax(dim=-1)
        weights = torch.einsum("bk,bke->be", shares, single)
        return weights, self._regulariser(single)

    def single_selectors(self, x: Tensor) -> Tensor:
        """r(Z_i x) for every selector, (B, k, E)."""
        step = smooth_step(self.selectors(x).reshape(-1, self.select, 1, self.bits), self.gamma)
        return torch.where(self.codes, step, 1 - step).prod(dim=-1)

    def _regulariser(self, single: Tensor) -> Tensor:
        entropy, unreachable = _entropy(single), self._unreachable(single)
        if self.reduction == "sum":
            return self.entropy * entropy.sum() + unreachable.sum()
        return self.entropy * (entropy.mean() + unreachable.mean())

    def _unreachable(self, single: Tensor) -> Tensor:
        """Codes without an expert (E no power of two) take no mass: 1 / sum of r - 1, (B,); 0 if all codes are used."""
        if len(self.codes) == 2**self.bits:
            return single.new_zeros(single.shape[0])
        return (1 / single.sum(dim=-1).clamp_min(1e-6) - 1).sum(dim=-1)


def smooth_step(t: Tensor, gamma: float) -> Tensor:
    """S(t): 0 below -gamma/2, 1 above gamma/2, the cubic -2 t^3 / gamma^3 + 3 t / (2 gamma) + 1/2 between."""
    inside = t.clamp(-gamma / 2, gamma / 2)
    return -2 / gamma**3 * inside**3 + 3 / (2 * gamma) * inside + 0.5


def _entropy(single: Tensor) -> Tensor:
    """The selectors' summed entropies (nats), (B,)."""
    shares = single.float()  # in half precision, and at 0, the slope of s log s is not finite
    terms = shares * shares.clamp_min(torch.finfo(torch.float32).tiny).log()
    return -terms.sum(dim=(1, 2))
