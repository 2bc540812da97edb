"""`tiny-resnet`: a timm ResNet with few channels, standing where the paper's ResNet101 stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import nn

from robustbench_endo.models.backbones.base import Backbone, Encoder
from robustbench_endo.models.backbones.fine_map import FineResNet
from robustbench_endo.models.layers.adapt import adapt, every_convolution


@dataclass(frozen=True)
class TinyResNet(Backbone):
    """Basic blocks, four stages, the last laid on the first; under TESLA every convolution has its adapters.

    Attributes:
        width: channels of the first stage; the others have 2, 4 and 4 times as many.
        stride: of the last stage, 8 or 16.
        fine: channels of the encoder's map, whose stride is 4.
    """

    name = "tiny-resnet"

    input_size: tuple[int, ...] = (160, 208)
    rank: int = 2
    alpha: float = 2.0
    head_channels: int = 32
    rates: tuple[int, ...] = (2, 4, 8)
    upscale: int = 4
    pool: Literal["mean", "max"] = "max"
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
            adapt(body, every_convolution, adapters, self.rank, self.alpha)
        return Encoder(nn.Identity(), body, self.fine, self.stride)
