"""The network of a zoo entry: resize, normalise, trunk, one head per task."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_endo.errors import ModelError
from robustbench_endo.models.architectures import Architecture
from robustbench_endo.models.backbones import Backbone
from robustbench_endo.models.heads import ActivityHead, DeepLabHead
from robustbench_endo.models.layers.lora_inject import merge
from robustbench_endo.models.layers.sma import to_multiple


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
        self.input_size: tuple[int, int] | None = backbone.target_size
        self.num_classes, self.num_activities = num_classes, num_activities
        makers = {
            "segmentation": (num_classes, _segmentation(backbone)),
            "activity": (num_activities, _activity(backbone)),
        }
        tasks = {task: maker for task, maker in makers.items() if maker[0]}
        self.trunk = architecture.build(backbone, tuple(tasks))
        self.heads = nn.ModuleDict({task: make(self.trunk.channels, n) for task, (n, make) in tasks.items()})
        self.register_buffer("mean", torch.tensor(self.trunk.mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(self.trunk.std).view(3, 1, 1), persistent=False)
        self._recipe = (replace(backbone, trunk=None), architecture)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Logits: ``segmentation`` (B, C, h, w) on the network's own grid, ``activity`` (B, K)."""
        return self.with_auxiliary(images)[0]

    def with_auxiliary(self, images: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The logits and, for training, the architecture's auxiliary losses by name, already weighted."""
        images = self.prepare(images)
        padded = to_multiple(images, self.trunk.multiple)
        features, auxiliary = self.trunk.features(padded)
        logits = {task: head(features[task]) for task, head in self.heads.items()}
        if padded.shape != images.shape and "segmentation" in logits:
            logits["segmentation"] = _cropped(logits["segmentation"], padded, images)
        return logits, auxiliary

    def prepare(self, images: Tensor) -> Tensor:
        """Resized to the input size (anti-aliased), if there is one, normalised, in the network's type."""
        if images.dtype in (torch.float16, torch.bfloat16):  # too coarse for this, and no kernel on a CPU
            images = images.float()
        if self.input_size and images.shape[2:] != self.input_size:
            images = F.interpolate(images, self.input_size, mode="bilinear", antialias=True)
        return ((images - self.mean) / self.std).to(self.mean.dtype)

    def merged(self) -> Network:
        """A copy for inference: the adapters are added into the weights (equal logits up to rounding)."""
        network = copy.deepcopy(self)
        merge(network)
        return network.requires_grad_(False).eval()

    def only(self, task: str) -> Network:
        """A copy that answers one task alone, at the cost of one task.

        Raises:
            KeyError: the network does not answer this task.
        """
        network = copy.deepcopy(self)
        network.heads = nn.ModuleDict({task: network.heads[task]})
        network.trunk.keep(task)
        network.num_classes = self.num_classes if task == "segmentation" else 0
        network.num_activities = self.num_activities if task == "activity" else 0
        return network

    def adopt_trunk(self, tensors: Literal["pretrained"] | Mapping[str, Tensor]) -> list[str]:
        """Takes timm's weights, or a checkpoint of the backbone alone, into every encoder; the names that stay new.

        Raises:
            ModelError: the weights cannot be had or do not fit the backbone.
        """
        backbone, architecture = self._recipe
        if backbone.name.startswith("tiny-"):
            raise ModelError(
                f"Expected initial weights of the same kind of model as {self.spec!r}, got no tensor in common: "
                "change them."
            )
        donor = architecture.build(replace(backbone, trunk=tensors), tuple(self.heads)).state_dict()
        self.trunk.load_state_dict(donor)
        return [name for name in self.state_dict() if _is_ours(name)]


def _is_ours(name: str) -> bool:
    """Whether a tensor is none of the backbone's own: a head, a gate, an adapter, or SMA (the first part of a stem)."""
    return (
        name.startswith(("heads.", "trunk.gates.")) or ".adapter" in name or ".stem.0." in name.partition(".body.")[0]
    )


def _cropped(logits: Tensor, padded: Tensor, images: Tensor) -> Tensor:
    """The logits at the padded image's size, less the padding: what is left covers exactly the image."""
    whole = F.interpolate(logits, padded.shape[2:], mode="bilinear", align_corners=False)
    return whole[..., : images.shape[2], : images.shape[3]]


def _segmentation(backbone: Backbone) -> Callable[[int, int], nn.Module]:
    def make(inputs: int, classes: int) -> nn.Module:
        return DeepLabHead(inputs, classes, backbone.head_channels, backbone.rates, backbone.upscale)

    return make


def _activity(backbone: Backbone) -> Callable[[int, int], nn.Module]:
    def make(inputs: int, activities: int) -> nn.Module:
        return ActivityHead(inputs, activities, backbone.head_channels, backbone.pool)

    return make
