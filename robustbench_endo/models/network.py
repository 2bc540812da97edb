"""The network of a zoo entry: resize, normalise, trunk, one head per task."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_endo.errors import ModelError
from robustbench_endo.models.architectures import Architecture
from robustbench_endo.models.backbones import Backbone
from robustbench_endo.models.heads import HEADS
from robustbench_endo.models.labels import LabelSpaces, count_attribute, counts_of, set_labels
from robustbench_endo.models.layers.lora_inject import merge
from robustbench_endo.models.layers.sma import to_multiple
from robustbench_endo.tasks.registry import get_task


class Network(nn.Module):
    """A model: float (B, 3, H, W) in [0, 1], any size -> a dict of logits, one entry per task.

    Args:
        spec: from which :func:`~robustbench_endo.models.build` rebuilds it.
        backbone: options of the encoders.
        architecture: how the tasks share them.
        labels: of every task; a task without labels has no head.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, spec: str, backbone: Backbone, architecture: Architecture, labels: LabelSpaces) -> None:
        super().__init__()
        self.spec = spec
        self.input_size: tuple[int, int] | None = backbone.target_size
        set_labels(self, labels)
        counts = counts_of(labels)
        tasks = tuple(task for task in HEADS if task in counts)
        self.trunk = architecture.build(backbone, tasks)
        self.heads = nn.ModuleDict({task: HEADS[task](backbone, self.trunk.channels, counts[task]) for task in tasks})
        self.register_buffer("mean", torch.tensor(self.trunk.mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(self.trunk.std).view(3, 1, 1), persistent=False)
        self._recipe = (replace(backbone, trunk=None), architecture)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Logits by task; label maps (B, C, h, w) on the grid of the network."""
        return self.with_auxiliary(images)[0]

    def with_auxiliary(self, images: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The logits and, for training, the architecture's auxiliary losses by name, already weighted."""
        images = self.prepare(images)
        padded = to_multiple(images, self.trunk.multiple)
        features, auxiliary = self.trunk.features(padded)
        logits = {task: head(features[task]) for task, head in self.heads.items()}
        if padded.shape != images.shape:
            logits = {task: _crop(t, padded, images) if t.ndim == 4 else t for task, t in logits.items()}
        return logits, auxiliary

    def prepare(self, images: Tensor) -> Tensor:
        """Images resized to the input size (anti-aliased), if there is one, normalised, in the network's type."""
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
        """A copy that predicts only one task, at the cost of one task.

        Raises:
            KeyError: the network does not predict this task.
        """
        network = copy.deepcopy(self)
        network.heads = nn.ModuleDict({task: network.heads[task]})
        network.trunk.keep_task(task)
        for other in self.heads.keys() - {task}:
            setattr(network, count_attribute(get_task(other)), None)
        return network

    def adopt_trunk(self, tensors: Literal["pretrained"] | Mapping[str, Tensor]) -> list[str]:
        """Load timm's weights, or a checkpoint of only the backbone, into every encoder.

        Returns:
            The names of the tensors that stay new.

        Raises:
            ModelError: the weights cannot be loaded or do not fit the backbone.
        """
        backbone, architecture = self._recipe
        if backbone.name.startswith("tiny-"):
            raise ModelError(
                f"Expected initial weights of the same kind of model as {self.spec!r}, got no tensor in common: "
                "change them."
            )
        donor = architecture.build(replace(backbone, trunk=tensors), tuple(self.heads)).state_dict()
        self.trunk.load_state_dict(donor)
        return [name for name in self.state_dict() if _is_new(name)]


def _is_new(name: str) -> bool:
    """Whether a tensor is not of the pretrained backbone: a head, gate or adapter, or SMA (first part of a stem)."""
    return (
        name.startswith(("heads.", "trunk.gates.")) or ".adapter" in name or ".stem.0." in name.partition(".body.")[0]
    )


def _crop(logits: Tensor, padded: Tensor, images: Tensor) -> Tensor:
    """The logits at the size of the padded images, without the padding."""
    enlarged = F.interpolate(logits, padded.shape[2:], mode="bilinear", align_corners=False)
    return enlarged[..., : images.shape[2], : images.shape[3]]
