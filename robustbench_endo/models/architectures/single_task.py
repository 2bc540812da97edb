"""`single-task`: nothing shared, one encoder per task."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from robustbench_endo.models.architectures.base import Architecture, Trunk
from robustbench_endo.models.backbones import Backbone, Encoder


class _Separate(Trunk):
    def __init__(self, encoders: dict[str, Encoder]) -> None:
        super().__init__(tuple(encoders), next(iter(encoders.values())))
        self.encoders = nn.ModuleDict(encoders)

    def features(self, images: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        return {task: encoder(images) for task, encoder in self.encoders.items()}, {}

    def keep(self, task: str) -> None:
        super().keep(task)
        self.encoders = nn.ModuleDict({task: self.encoders[task]})


@dataclass(frozen=True)
class SingleTask(Architecture):
    """The baseline that no task can help or hurt."""

    name = "single-task"

    def build(self, backbone: Backbone, tasks: tuple[str, ...]) -> Trunk:
        """See :meth:`Architecture.build`."""
        return _Separate({task: backbone.build(adapters=0) for task in tasks})
