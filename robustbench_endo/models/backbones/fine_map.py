"""A coarse map laid on a finer one of the same network, so that parts of two pixels' width keep their place.

Source: the lateral connection of Lin et al., "Feature Pyramid Networks for Object Detection", CVPR 2017.
"""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_endo.models.backbones.feature_map import crashes_in_channels_last, to_fast_layout


class FineMap(nn.Module):
    """Maps (B, fine, H, W) and (B, coarse, h, w) -> (B, channels, H, W), not negative."""

    def __init__(self, fine: int, coarse: int, channels: int) -> None:
        super().__init__()
        self.lateral = nn.Conv2d(fine, channels, 1, bias=False)
        self.top = nn.Conv2d(coarse, channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, fine: Tensor, coarse: Tensor) -> Tensor:
        """The sum of both, the coarse one enlarged."""
        enlarged = F.interpolate(self.top(coarse), fine.shape[2:], mode="bilinear")
        return F.relu(self.norm(self.lateral(fine) + enlarged))


class FineResNet(nn.Module):
    """Images (B, 3, H, W) -> the last stage of a timm ResNet on its first, (B, channels, H / 4, W / 4).

    Args:
        network: timm's ResNet.
        widths: channels of its stages.
        channels: of the result.
    """

    def __init__(self, network: nn.Module, widths: tuple[int, ...], channels: int) -> None:
        super().__init__()
        self.network = network
        self.fine = FineMap(widths[0], widths[-1], channels)
        self._contiguous_on_cpu = crashes_in_channels_last(network)

    def forward(self, images: Tensor) -> Tensor:
        images = to_fast_layout(images, self._contiguous_on_cpu)
        network: Any = self.network
        fine = network.layer1(network.maxpool(network.act1(network.bn1(network.conv1(images)))))
        features: Tensor = self.fine(fine, network.layer4(network.layer3(network.layer2(fine))))
        return features


class FineTokens(nn.Module):
    """A map (B, C, H, W) -> what a transformer makes of it on the map itself, (B, channels, H, W).

    Args:
        transformer: (B, C, H, W) -> (B, dim, h, w).
        inputs: C.
        dim: of the transformer.
        channels: of the result.
    """

    def __init__(self, transformer: nn.Module, inputs: int, dim: int, channels: int) -> None:
        super().__init__()
        self.transformer = transformer
        self.fine = FineMap(inputs, dim, channels)

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.fine(x, self.transformer(x))
        return features
