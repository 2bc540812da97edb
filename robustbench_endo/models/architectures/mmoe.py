"""`mmoe`: multi-gate mixture of experts (Ma et al., KDD 2018)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from robustbench_endo.models.architectures.base import Trunk
from robustbench_endo.models.architectures.experts import Experts, ExpertTrunk
from robustbench_endo.models.backbones import Backbone
from robustbench_endo.models.layers.gates import SoftmaxGate


class _MMoETrunk(ExpertTrunk):
    def gate(self, features: int, experts: int) -> nn.Module:
        return SoftmaxGate(features, experts)

    def weigh(self, gate: nn.Module, seen: Tensor) -> tuple[Tensor, Tensor | None]:
        return gate(seen), None


@dataclass(frozen=True)
class MMoE(Experts):
    """One softmax gate per task over the experts."""

    name = "mmoe"

    def build(self, backbone: Backbone, tasks: tuple[str, ...]) -> Trunk:
        """See :meth:`Architecture.build`."""
        return _MMoETrunk(self, backbone, tasks)
