"""The network of a zoo entry: resize, normalise, trunk, one head per task."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_endo.models.architectures import Architecture
from robustbench_endo.models.backbones import Backbone
from robustbench_endo.models.heads import ActivityHead, DeepLabHead

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet, per RGB channel on [0, 1]: what timm's weights were trained with."""


class Network(nn.Module):
    """Meets the Model contract: float (B, 3, H, W) in [0, 1], any size -> a dict of logits, one entry per task.

    ``classes`` and ``activities`` name the logits once the network is trained or loaded.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, spec: str, backbone: Backbone, architecture: Architecture, num_classes: int, num_activities: int
    ) -> None:
        super().__init__()
        self.spec = spec
        self.input_size: tuple[int, int] = (backbone.input_size[0], backbone.input_size[-1])
        self.num_classes, self.num_activities = num_classes, num_activities
        makers = {
            "segmentation": (num_classes, _segmentation(backbone)),
            "activity": (num_activities, _activity(backbone)),
        }
        tasks = {task: maker for task, maker in makers.items() if maker[0]}
        self.trunk = architecture.build(backbone, tuple(tasks))
        self.heads = nn.ModuleDict({task: make(self.trunk.channels, n) for task, (n, make) in tasks.items()})
        self.register_buffer("mean", torch.tensor(MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Logits: ``segmentation`` (B, C, h, w) on the network's own grid, ``activity`` (B, K)."""
        return self.with_auxiliary(images)[0]

    def with_auxiliary(self, images: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The logits and, for training, the architecture's auxiliary losses by name, already weighted."""
        features, auxiliary = self.trunk.features(self.prepare(images))
        return {task: head(features[task]) for task, head in self.heads.items()}, auxiliary

    def prepare(self, images: Tensor) -> Tensor:
        """Resized to the input size (anti-aliased) and normalised."""
        if images.shape[2:] != self.input_size:
            images = F.interpolate(images, self.input_size, mode="bilinear", antialias=True)
        return (images - self.mean) / self.std


def _segmentation(backbone: Backbone) -> Callable[[int, int], nn.Module]:
    def make(inputs: int, classes: int) -> nn.Module:
        return DeepLabHead(inputs, classes, backbone.head_channels, backbone.rates, backbone.upscale)

    return make


def _activity(backbone: Backbone) -> Callable[[int, int], nn.Module]:
    def make(inputs: int, activities: int) -> nn.Module:
        return ActivityHead(inputs, activities, backbone.head_channels)

    return make
