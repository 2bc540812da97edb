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
        self._contiguous_on_cpu = crashes_in_channels_last(network)

    def forward(self, images: Tensor) -> Tensor:
        images = to_fast_layout(images, self._contiguous_on_cpu)
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


def crashes_in_channels_last(network: nn.Module) -> bool:
    """Whether a backward pass of this network in channels-last layout can crash on a CPU with AVX-512.

    In torch 2.15 (oneDNN 3.13.3) the backward pass of a strided 1 x 1 convolution from exactly 8 channels writes
    beyond its buffers. Other numbers of channels and the contiguous layout are not affected.
    """
    return any(
        isinstance(layer, nn.Conv2d)
        and layer.kernel_size == (1, 1)
        and max(layer.stride) > 1
        and 8 in (layer.in_channels, layer.in_channels // layer.groups)
        for layer in network.modules()
    )


def to_fast_layout(images: Tensor, contiguous_on_cpu: bool) -> Tensor:
    """Images in the memory layout in which convolutions are fast; the layers after them inherit it.

    Args:
        images: (B, 3, H, W).
        contiguous_on_cpu: whether the network must not run in channels-last layout on a CPU, see
            :func:`crashes_in_channels_last`.
    """
    if contiguous_on_cpu and images.device.type == "cpu":
        return images.contiguous()
    # Three times faster than the contiguous layout on a CPU.
    return images.contiguous(memory_format=torch.channels_last)


def feature_map(network: Any) -> nn.Module:
    """The wrapper that suits the network."""
    tokens = getattr(network, "output_fmt", "NCHW") == "NHWC" or hasattr(network, "pos_embed")
    return LastMap(network) if tokens else FeatureMap(network)
