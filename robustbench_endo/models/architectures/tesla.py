"""`tesla`: one shared encoder with a low-rank adapter per task (EndoARSS, arXiv 2506.06830)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from robustbench_endo.models.architectures.base import Architecture, Trunk
from robustbench_endo.models.backbones import Backbone
from robustbench_endo.models.layers.lora import LowRank, by_task, repeat_for_tasks
from robustbench_endo.models.layers.lora_inject import keep_task


class _TESLATrunk(Trunk):
    """The stem runs once; the body runs once too, on the tasks' copies stacked along the batch."""

    def __init__(self, backbone: Backbone, tasks: tuple[str, ...]) -> None:
        encoder = backbone.build(adapters=len(tasks))
        super().__init__(tasks, encoder)
        self.encoder = encoder

    def features(self, images: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        count = len(self.tasks)
        stacked = self.encoder.body(repeat_for_tasks(self.encoder.stem(images), count))
        return dict(zip(self.tasks, by_task(stacked, count), strict=True)), {}

    def task_parameters(self) -> list[nn.Parameter]:
        """The adapters: their first axis is the task, in the order of ``tasks``, and slice t meets task t only."""
        adapters = (layer for layer in self.encoder.body.modules() if isinstance(layer, LowRank))
        return [parameter for adapter in adapters for parameter in adapter.parameters()]

    def keep_task(self, task: str) -> None:
        keep_task(self.encoder.body, self.tasks.index(task))
        super().keep_task(task)


@dataclass(frozen=True)
class TESLA(Architecture):
    """Shared weights get every task's gradient (unless frozen), an adapter only that of its task.

    Rank, alpha and the kind of adapter are options of the backbone.
    """

    name = "tesla"

    def build(self, backbone: Backbone, tasks: tuple[str, ...]) -> Trunk:
        """See :meth:`Architecture.build`."""
        return _TESLATrunk(backbone, tasks)
