"""`resnet101`: the paper's convolutional backbone, from timm, its last two stages dilated to a stride of 8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import nn

from robustbench_endo.models.backbones.adapted import AdaptedBackbone, normalisation
from robustbench_endo.models.backbones.base import Encoder
from robustbench_endo.models.backbones.feature_map import FeatureMap
from robustbench_endo.models.backbones.timm_networks import timm_network

STAGES = {"layer1": 3, "layer2": 4, "layer3": 23, "layer4": 3}
"""Residual blocks of each."""


@dataclass(frozen=True)
class ResNet101(AdaptedBackbone):
    """Trained whole; under TESLA every convolution has its adapters, in LoRA's convolutional form.

    Attributes:
        stride: output stride, 8, 16 or 32.
        depth: residual blocks to keep of each of the four stages, 0 = all.
    """

    name = "resnet101"
    licence = "Apache-2.0"

    adapter: Literal["lora", "mlp", "dvlora", "all", "none"] = "all"
    frozen: bool = False
    stride: int = 8
    depth: int = 0

    def build(self, adapters: int) -> Encoder:
        """See :meth:`Backbone.build`."""
        fewer = {}
        if self.depth and self.trunk is None:  # not made, rather than cut off
            fewer = {"layers": tuple(min(self.depth, blocks) for blocks in STAGES.values())}
        network = timm_network("resnet101", self.trunk, output_stride=self.stride, global_pool="", **fewer)
        for stage in STAGES if self.depth else ():
            setattr(network, stage, getattr(network, stage)[: self.depth])
        body = FeatureMap(network)
        self.freeze_and_adapt(body, adapters)
        return Encoder(nn.Identity(), body, 2048, self.stride, *normalisation(network))
