"""`tesla`: one shared encoder with a low-rank adapter per task (EndoARSS, arXiv 2506.06830).

h_t = (W' + alpha_t B_t A_t) x_t with W' = W0 + B A (its equations 2, 5 and 6): the tasks share the trained W', so that
a multi-task weighting has gradients to combine. Over a frozen W0, B A is a trained LoRA; a trained trunk is its own W'.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from robustbench_endo.models.architectures.base import Architecture, Trunk
from robustbench_endo.models.backbones import Backbone
from robustbench_endo.models.layers.lora import by_task, repeat_for_tasks
from robustbench_endo.models.layers.lora_inject import adapted_layers, keep_task, share_updates


class _TESLATrunk(Trunk):
    """The stem runs once; the body runs once too, on the tasks' copies stacked along the batch."""

    def __init__(self, backbone: Backbone, tasks: tuple[str, ...]) -> None:
        encoder = backbone.build(adapters=len(tasks))
        super().__init__(tasks, encoder)
        share_updates(encoder.body)
        self.encoder = encoder

    def features(self, images: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        count = len(self.tasks)
        stacked = self.encoder.body(repeat_for_tasks(self.encoder.stem(images), count))
        return dict(zip(self.tasks, by_task(stacked, count), strict=True)), {}

    def task_parameters(self) -> list[nn.Parameter]:
        """The task adapters: their first axis is the task, in the order of ``tasks``, and slice t meets task t only."""
        layers = adapted_layers(self.encoder.body).values()
        adapters = [adapter for layer in layers for adapter in layer.task_adapters()]
        return [parameter for adapter in adapters for parameter in adapter.parameters()]

    def keep_task(self, task: str) -> None:
        keep_task(self.encoder.body, self.tasks.index(task))
        super().keep_task(task)


@dataclass(frozen=True)
class TESLA(Architecture):
    """The shared W' gets every task's gradient, a task's adapter only that of its task.

    Rank, alpha and the kind of adapter are options of the backbone; the shared LoRA has the same.
    """

    name = "tesla"

    def build(self, backbone: Backbone, tasks: tuple[str, ...]) -> Trunk:
        """See :meth:`Architecture.build`."""
        return _TESLATrunk(backbone, tasks)
