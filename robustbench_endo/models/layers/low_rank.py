"""Low-rank updates of a weight, one per task.

Sources: Hu et al., "LoRA", ICLR 2022; for the scaling vectors Cui et al., "EndoDAC", MICCAI 2024 (DV-LoRA).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class LowRank(nn.Module):
    """T updates of rank r: ``a`` (T, r, in), ``b`` (T, out, r); zero at the start because ``b`` is."""

    def __init__(self, tasks: int, inputs: int, outputs: int, rank: int, alpha: float) -> None:
        super().__init__()
        if rank < 1:
            raise ValueError(f"a rank of {rank} (give 1 or more)")
        self.scale = alpha / rank
        self.a = nn.Parameter(torch.empty(tasks, rank, inputs))
        self.b = nn.Parameter(torch.zeros(tasks, outputs, rank))
        nn.init.uniform_(self.a, -1 / math.sqrt(inputs), 1 / math.sqrt(inputs))

    def factors(self) -> tuple[Tensor, Tensor]:
        """A (T, r, in) and B (T, out, r)."""
        return self.a, self.b

    def forward(self) -> Tensor:
        """The updates as full matrices, (T, out, in)."""
        a, b = self.factors()
        return self.scale * b @ a

    def product(self, x: Tensor) -> Tensor:
        """(T, M, in) -> (T, M, out) without the full matrices."""
        a, b = self.factors()
        return self.scale * torch.bmm(torch.bmm(x, a.mT), b.mT)

    def keep_task(self, index: int) -> None:
        """Drops, in place, every update but one."""
        for name, parameter in list(self.named_parameters()):
            kept = parameter.detach()[index : index + 1].clone()
            setattr(self, name, nn.Parameter(kept, requires_grad=parameter.requires_grad))


class VectorLowRank(LowRank):
    """DV-LoRA: the rows of A and of B are scaled by trainable vectors ``u`` (T, r, 1) and ``v`` (T, out, 1)."""

    def __init__(self, tasks: int, inputs: int, outputs: int, rank: int, alpha: float) -> None:
        super().__init__(tasks, inputs, outputs, rank, alpha)
        self.u = nn.Parameter(torch.ones(tasks, rank, 1))
        self.v = nn.Parameter(torch.ones(tasks, outputs, 1))

    def factors(self) -> tuple[Tensor, Tensor]:
        """A scaled by u, B scaled by v."""
        return self.a * self.u, self.b * self.v
