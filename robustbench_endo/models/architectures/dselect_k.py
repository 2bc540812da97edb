"""`dselect_k`: mixture of experts with a differentiable choice of k (Hazimeh et al., NeurIPS 2021)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from robustbench_endo.models.architectures.base import Architecture, Trunk
from robustbench_endo.models.architectures.experts import ExpertTrunk
from robustbench_endo.models.backbones import Backbone
from robustbench_endo.models.layers.gates import DSelectKGate


class _DSelectKTrunk(ExpertTrunk):
    def __init__(self, options: DSelectK, backbone: Backbone, tasks: tuple[str, ...]) -> None:
        self.options = options
        super().__init__(backbone, options.experts, tasks)

    def gate(self, features: int, experts: int) -> nn.Module:
        return DSelectKGate(features, experts, self.options.select, self.options.gamma)

    def weigh(self, gate: nn.Module, pooled: Tensor) -> tuple[Tensor, Tensor | None]:
        weights, regulariser = gate(pooled)
        return weights, self.options.entropy * regulariser


@dataclass(frozen=True)
class DSelectK(Architecture):
    """At most k experts per frame and task; with two experts, k = 1 is the only choice that chooses.

    Attributes:
        experts: number of encoders.
        select: k.
        gamma: width of the smooth step.
        entropy: weight of the regulariser that drives the choice to 0 or 1.
    """

    name = "dselect_k"

    experts: int = 2
    select: int = 1
    gamma: float = 1.0
    entropy: float = 0.01

    def build(self, backbone: Backbone, tasks: tuple[str, ...]) -> Trunk:
        """See :meth:`Architecture.build`."""
        return _DSelectKTrunk(self, backbone, tasks)
