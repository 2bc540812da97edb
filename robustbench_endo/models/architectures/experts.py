"""Mixtures of experts: each expert is an encoder, and a gate per task weights their feature maps."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from robustbench_endo.models.architectures.base import Architecture, Trunk
from robustbench_endo.models.backbones import Backbone, Encoder
from robustbench_endo.models.layers.gates import DSelectKGate, SoftmaxGate
from robustbench_endo.models.layers.lora import by_task, repeat_for_tasks


@dataclass(frozen=True)
class Experts(Architecture):
    """The options that all mixtures of experts share.

    Attributes:
        experts: number of encoders.
        gate: input of a gate: `pooled`, the experts' mean features (any input size), or `flat`, all values of the
            normalised image, as in the paper (a fixed input size).
        shared: `no`, experts are separate encoders, as in the paper; `yes`, they share one trunk and differ in their
            adapters: one copy of a frozen trunk in memory, and one batched pass through it.
    """

    experts: int = 2
    gate: Literal["pooled", "flat"] = "pooled"
    shared: bool = False


class _SeparateExperts(nn.ModuleList):
    """Encoders that share nothing."""

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, E, C, h, w)."""
        return torch.stack([expert(images) for expert in self], dim=1)


class _SharedExperts(nn.Module):
    """One encoder with adapters per expert; the experts are stacked along the batch."""

    def __init__(self, encoder: Encoder, experts: int) -> None:
        super().__init__()
        self.encoder, self.count = encoder, experts

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, E, C, h, w)."""
        stacked = self.encoder.body(repeat_for_tasks(self.encoder.stem(images), self.count))
        return torch.stack(by_task(stacked, self.count), dim=1)


class ExpertTrunk(Trunk):
    """f_t(x) = sum_e g_t(x)_e f_e(x)."""

    def __init__(self, options: Experts, backbone: Backbone, tasks: tuple[str, ...]) -> None:
        if options.experts < 1:
            raise ValueError(f"{options.experts} experts (give 1 or more)")
        encoders = [backbone.build(options.experts)] if options.shared else _encoders(backbone, options.experts)
        super().__init__(tasks, encoders[0])
        self.experts = _SharedExperts(encoders[0], options.experts) if options.shared else _SeparateExperts(encoders)
        self.flat = options.gate == "flat"
        features = _num_values(backbone, self.multiple) if self.flat else options.experts * self.channels
        self.gates = nn.ModuleDict({task: self.gate(features, options.experts) for task in tasks})

    @abstractmethod
    def gate(self, features: int, experts: int) -> nn.Module:
        """A fresh gate for one task."""

    @abstractmethod
    def weigh(self, gate: nn.Module, inputs: Tensor) -> tuple[Tensor, Tensor | None]:
        """Inputs of the gate (B, F) -> weights (B, E) and the auxiliary loss of the gate, None without."""

    def features(self, images: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        maps = self.experts(images)
        inputs = images.flatten(1) if self.flat else maps.mean(dim=(3, 4)).flatten(1)
        mixed: dict[str, Tensor] = {}
        auxiliary: dict[str, Tensor] = {}
        for task, gate in self.gates.items():
            weights, loss = self.weigh(gate, inputs)
            mixed[task] = (weights[:, :, None, None, None] * maps).sum(dim=1)
            if loss is not None:
                auxiliary[f"gate_{task}"] = loss
        return mixed, auxiliary

    def keep_task(self, task: str) -> None:
        super().keep_task(task)
        self.gates = nn.ModuleDict({task: self.gates[task]})


def _encoders(backbone: Backbone, count: int) -> list[Encoder]:
    return [backbone.build(adapters=0) for _ in range(count)]


def _num_values(backbone: Backbone, multiple: int) -> int:
    height, width = (-(-side // multiple) * multiple for side in backbone.fixed_size())
    return 3 * height * width


class _MMoETrunk(ExpertTrunk):
    def gate(self, features: int, experts: int) -> nn.Module:
        return SoftmaxGate(features, experts)

    def weigh(self, gate: nn.Module, inputs: Tensor) -> tuple[Tensor, Tensor | None]:
        return gate(inputs), None


@dataclass(frozen=True)
class MMoE(Experts):
    """One softmax gate per task over the experts."""

    name = "mmoe"

    def build(self, backbone: Backbone, tasks: tuple[str, ...]) -> Trunk:
        """See :meth:`Architecture.build`."""
        return _MMoETrunk(self, backbone, tasks)


class _DSelectKTrunk(ExpertTrunk):
    def __init__(self, options: DSelectK, backbone: Backbone, tasks: tuple[str, ...]) -> None:
        if options.select < 0:
            raise ValueError(f"select={options.select} (give 1 or more, or 0 for the default of the backbone)")
        self.options = options
        self.select = options.select or backbone.select
        super().__init__(options, backbone, tasks)

    def gate(self, features: int, experts: int) -> nn.Module:
        options = self.options
        return DSelectKGate(
            features, experts, self.select, options.gamma, options.entropy, options.reduction, options.shares_init
        )

    def weigh(self, gate: nn.Module, inputs: Tensor) -> tuple[Tensor, Tensor | None]:
        weights, regulariser = gate(inputs)
        return weights, regulariser


@dataclass(frozen=True)
class DSelectK(Experts):
    """At most k experts per frame and task; with two experts, only k = 1 selects.

    Attributes:
        select: k; 0 = that of the backbone: 2, as in LibMTL and the EndoARSS authors' script, or 1 for the tiny ones.
        gamma: width of the smooth step.
        entropy: weight of the regulariser that drives the weights to 0 or 1; LibMTL and the authors: 1e-6.
        reduction: of the regulariser over the batch; LibMTL and the authors: `sum`.
        shares_init: bound of the initial values of the layer that shares the mass between the k selections, 0 =
            1 / sqrt(inputs), torch's; LibMTL and the authors: 0.05.
    """

    name = "dselect_k"

    select: int = 0
    gamma: float = 1.0
    entropy: float = 0.01
    reduction: Literal["mean", "sum"] = "mean"
    shares_init: float = 0.0

    def build(self, backbone: Backbone, tasks: tuple[str, ...]) -> Trunk:
        """See :meth:`Architecture.build`."""
        return _DSelectKTrunk(self, backbone, tasks)
