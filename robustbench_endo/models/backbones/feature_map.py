"""The last feature map of a timm network, whatever it calls it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class FeatureMap(nn.Module):
    """Images (B, 3, H, W) -> the last stage's map (B, C, h, w)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        # Three times faster than the default layout on a CPU; the heads inherit it.
        images = images.contiguous(memory_format=torch.channels_last)
        features: Tensor = self.network.forward_features(images)  # type: ignore[operator]  # timm's own method
        return features


class LastMap(nn.Module):
    """The same for networks that end in tokens or in another order of axes: by timm's list of intermediates."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        network: Any = self.network
        maps = network.forward_intermediates(images, indices=1, norm=True, output_fmt="NCHW", intermediates_only=True)
        last: Tensor = maps[-1]
        return last


def feature_map(network: Any) -> nn.Module:
    """The wrapper that suits the network."""
    tokens = getattr(network, "output_fmt", "NCHW") == "NHWC" or hasattr(network, "pos_embed")
    return LastMap(network) if tokens else FeatureMap(network)
