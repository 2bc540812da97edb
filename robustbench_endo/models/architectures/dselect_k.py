"""`dselect_k`: mixture of experts with a differentiable choice of k (Hazimeh et al., NeurIPS 2021)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from robustbench_endo.models.architectures.base import Trunk
from robustbench_endo.models.architectures.experts import Experts, ExpertTrunk
from robustbench_endo.models.backbones import Backbone
from robustbench_endo.models.layers.gates import DSelectKGate


class _DSelectKTrunk(ExpertTrunk):
    def __init__(self, options: DSelectK, backbone: Backbone, tasks: tuple[str, ...]) -> None:
        if options.select < 1:
            raise ValueError(f"select={options.select} (give 1 or more)")
        self.options = options
        super().__init__(options, backbone, tasks)

    def gate(self, features: int, experts: int) -> nn.Module:
        return DSelectKGate(features, experts, self.options.select, self.options.gamma)

    def weigh(self, gate: nn.Module, seen: Tensor) -> tuple[Tensor, Tensor | None]:
        weights, regulariser = gate(seen)
        return weights, self.options.entropy * regulariser


@dataclass(frozen=True)
class DSelectK(Experts):
    """At most k experts per frame and task; with two experts, k = 1 is the only choice that chooses.

    Attributes:
        select: k.
        gamma: width of the smooth step.
        entropy: weight of the regulariser that drives the choice to 0 or 1.
    """

    name = "dselect_k"

    select: int = 1
    gamma: float = 1.0
    entropy: float = 0.01

    def build(self, backbone: Backbone, tasks: tuple[str, ...]) -> Trunk:
        """See :meth:`Architecture.build`."""
        return _DSelectKTrunk(self, backbone, tasks)
