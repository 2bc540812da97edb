"""Experts that are whole encoders, mixed per task by a gate."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor, nn

from robustbench_endo.models.architectures.base import Trunk
from robustbench_endo.models.backbones import Backbone


class ExpertTrunk(Trunk):
    """f_t(x) = sum_e g_t(x)_e f_e(x); a gate sees the experts' pooled features, so that any input size works."""

    def __init__(self, backbone: Backbone, experts: int, tasks: tuple[str, ...]) -> None:
        encoders = [backbone.build(adapters=0) for _ in range(experts)]
        super().__init__(tasks, encoders[0].channels)
        self.experts = nn.ModuleList(encoders)
        self.gates = nn.ModuleDict({task: self.gate(experts * self.channels, experts) for task in tasks})

    @abstractmethod
    def gate(self, features: int, experts: int) -> nn.Module:
        """A fresh gate for one task."""

    @abstractmethod
    def weigh(self, gate: nn.Module, pooled: Tensor) -> tuple[Tensor, Tensor | None]:
        """Pooled features (B, F) -> weights (B, E) and the gate's auxiliary loss, if it has one."""

    def features(self, images: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        maps = torch.stack([expert(images) for expert in self.experts], dim=1)
        pooled = maps.mean(dim=(3, 4)).flatten(1)
        mixed: dict[str, Tensor] = {}
        auxiliary: dict[str, Tensor] = {}
        for task, gate in self.gates.items():
            weights, loss = self.weigh(gate, pooled)
            mixed[task] = (weights[:, :, None, None, None] * maps).sum(dim=1)
            if loss is not None:
                auxiliary[f"gate_{task}"] = loss
        return mixed, auxiliary
