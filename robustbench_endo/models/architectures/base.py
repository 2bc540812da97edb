"""The interface of an architecture, which shares encoders between tasks, and the two simplest ones."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from robustbench_endo.models.backbones import Backbone, Encoder


class Trunk(nn.Module, ABC):
    """Encoders and their sharing: one feature map per task.

    Args:
        tasks: names, in the order of the task adapters.
        encoder: any of the encoders, which are all of one kind.
    """

    def __init__(self, tasks: tuple[str, ...], encoder: Encoder) -> None:
        super().__init__()
        self.tasks, self.channels = tasks, encoder.channels
        self.multiple, self.mean, self.std = encoder.multiple, encoder.mean, encoder.std

    @abstractmethod
    def features(self, images: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Normalised images (B, 3, H, W) -> (task -> (B, channels, h, w), name -> auxiliary loss to be added)."""

    def keep_task(self, task: str) -> None:
        """Delete, in place, the parameters that only the other tasks use."""
        self.tasks = (task,)


@dataclass(frozen=True)
class Architecture(ABC):
    """The options of one architecture; every field can be set in a spec string (`...@experts=3`)."""

    name: ClassVar[str]

    @abstractmethod
    def build(self, backbone: Backbone, tasks: tuple[str, ...]) -> Trunk:
        """A fresh trunk for these tasks."""


class _Separate(Trunk):
    def __init__(self, encoders: dict[str, Encoder]) -> None:
        super().__init__(tuple(encoders), next(iter(encoders.values())))
        self.encoders = nn.ModuleDict(encoders)

    def features(self, images: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        return {task: encoder(images) for task, encoder in self.encoders.items()}, {}

    def keep_task(self, task: str) -> None:
        super().keep_task(task)
        self.encoders = nn.ModuleDict({task: self.encoders[task]})


@dataclass(frozen=True)
class SingleTask(Architecture):
    """An encoder per task: the baseline without sharing."""

    name = "single-task"

    def build(self, backbone: Backbone, tasks: tuple[str, ...]) -> Trunk:
        """See :meth:`Architecture.build`."""
        return _Separate({task: backbone.build(adapters=0) for task in tasks})


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
