"""`hps`: hard parameter sharing, one encoder for all tasks."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from robustbench_endo.models.architectures.base import Architecture, Trunk
from robustbench_endo.models.backbones import Backbone, Encoder


class _Shared(Trunk):
    def __init__(self, encoder: Encoder, tasks: tuple[str, ...]) -> None:
        super().__init__(tasks, encoder)
        self.encoder = encoder

    def features(self, images: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        shared = self.encoder(images)
        return dict.fromkeys(self.tasks, shared), {}


@dataclass(frozen=True)
class HPS(Architecture):
    """Every task reads the same features (Caruana, "Multitask Learning", 1997)."""

    name = "hps"

    def build(self, backbone: Backbone, tasks: tuple[str, ...]) -> Trunk:
        """See :meth:`Architecture.build`."""
        return _Shared(backbone.build(adapters=0), tasks)
