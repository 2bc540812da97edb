"""`tesla`: one encoder, and beside its weights one low-rank adapter per task (EndoARSS, arXiv 2506.06830)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from robustbench_endo.models.architectures.base import Architecture, Trunk
from robustbench_endo.models.backbones import Backbone


class _TESLATrunk(Trunk):
    """The stem runs once; the body runs once too, on the tasks' copies stacked along the batch."""

    def __init__(self, backbone: Backbone, tasks: tuple[str, ...]) -> None:
        encoder = backbone.build(adapters=len(tasks))
        super().__init__(tasks, encoder.channels)
        self.encoder = encoder

    def features(self, images: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        stem = self.encoder.stem(images)
        stacked = self.encoder.body(torch.cat([stem] * len(self.tasks)))
        return dict(zip(self.tasks, stacked.chunk(len(self.tasks)), strict=True)), {}


@dataclass(frozen=True)
class TESLA(Architecture):
    """Shared weights see every task's gradient, an adapter only its own task's; rank and alpha are the backbone's."""

    name = "tesla"

    def build(self, backbone: Backbone, tasks: tuple[str, ...]) -> Trunk:
        """See :meth:`Architecture.build`."""
        return _TESLATrunk(backbone, tasks)
