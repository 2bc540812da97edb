"""What an architecture is: how encoders are shared between the tasks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from robustbench_endo.models.backbones import Backbone


class Trunk(nn.Module, ABC):
    """Encoders and their sharing: one feature map per task."""

    def __init__(self, tasks: tuple[str, ...], channels: int) -> None:
        super().__init__()
        self.tasks, self.channels = tasks, channels

    @abstractmethod
    def features(self, images: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Normalised images (B, 3, H, W) -> (task -> (B, channels, h, w), name -> auxiliary loss to be added)."""


@dataclass(frozen=True)
class Architecture(ABC):
    """The options of one architecture; every field can be set in a spec string (`...@experts=3`)."""

    name: ClassVar[str]

    @abstractmethod
    def build(self, backbone: Backbone, tasks: tuple[str, ...]) -> Trunk:
        """A fresh trunk for these tasks."""
