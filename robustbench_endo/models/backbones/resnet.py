"""`resnet101`: the paper's convolutional backbone, from timm, its last two stages dilated to a stride of 8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import nn

from robustbench_endo.models.backbones.base import AdaptedBackbone, Backbone, Encoder, normalisation
from robustbench_endo.models.backbones.feature_maps import FeatureMap, FineResNet
from robustbench_endo.models.backbones.timm_networks import timm_network
from robustbench_endo.models.layers.lora_inject import every_convolution, inject_lora

STAGES = {"layer1": 3, "layer2": 4, "layer3": 23, "layer4": 3}
"""Residual blocks of each."""


@dataclass(frozen=True)
class ResNet101(AdaptedBackbone):
    """Trained completely; under TESLA every convolution has its adapters, in LoRA's convolutional form.

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
        if self.depth and self.trunk is None:  # build no blocks in vain
            fewer = {"layers": tuple(min(self.depth, blocks) for blocks in STAGES.values())}
        network = timm_network("resnet101", self.trunk, output_stride=self.stride, global_pool="", **fewer)
        for stage in STAGES if self.depth else ():
            setattr(network, stage, getattr(network, stage)[: self.depth])
        body = FeatureMap(network)
        self.freeze_and_adapt(body, adapters)
        return Encoder(nn.Identity(), body, 2048, self.stride, *normalisation(network))


@dataclass(frozen=True)
class TinyResNet(Backbone):
    """Basic blocks, four stages, the last added to the first; under TESLA every convolution has its adapters.

    Attributes:
        width: channels of the first stage; the others have 2, 4 and 4 times as many.
        stride: of the last stage, 8 or 16.
        fine: channels of the encoder's map, whose stride is 4.
    """

    select = 1
    name = "tiny-resnet"

    input_size: tuple[int, ...] = (160, 208)
    rank: int = 2
    alpha: float = 2.0
    head_channels: int = 32
    rates: tuple[int, ...] = (2, 4, 8)
    upscale: int = 4
    pool: Literal["mean", "max"] = "max"
    pooled_norm: bool = False
    dropout: float = 0.0
    width: int = 16
    stride: int = 8
    fine: int = 48

    def build(self, adapters: int) -> Encoder:
        """See :meth:`Backbone.build`."""
        from timm.models.resnet import BasicBlock, ResNet  # here, as timm takes seconds to import

        widths = (self.width, 2 * self.width, 4 * self.width, 4 * self.width)
        network = ResNet(
            BasicBlock,  # type: ignore[arg-type]  # timm annotates the instance, takes the class
            (1, 1, 1, 1),
            num_classes=0,
            global_pool="",
            output_stride=self.stride,
            stem_width=self.width // 2,
            stem_type="deep",
            channels=widths,
        )
        body = FineResNet(network, widths, self.fine)
        if adapters:
            inject_lora(body, every_convolution, adapters, self.rank, self.alpha)
        return Encoder(nn.Identity(), body, self.fine, self.stride)
