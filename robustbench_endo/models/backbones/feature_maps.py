"""Feature maps of timm networks: the last one, or the last added to an early one.

Source: the lateral connection of Lin et al., "Feature Pyramid Networks for Object Detection", CVPR 2017.

Source: Xiao et al., "Early Convolutions Help Transformers See Better", NeurIPS 2021.
"""

from __future__ import annotations

from itertools import pairwise
from math import log2
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_endo.models.contiguous_convolutions import crashes_in_channels_last

if TYPE_CHECKING:
    from timm.models.vision_transformer import VisionTransformer


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


def to_fast_layout(images: Tensor, contiguous_on_cpu: bool) -> Tensor:
    """Images in the memory layout in which convolutions are fast; the layers after them inherit it.

    Args:
        images: (B, 3, H, W).
        contiguous_on_cpu: whether the network must not run in channels-last layout on a CPU, see
            :func:`~robustbench_endo.models.contiguous_convolutions.crashes_in_channels_last`.
    """
    if contiguous_on_cpu and images.device.type == "cpu":
        return images.contiguous()
    # Three times faster than the contiguous layout on a CPU.
    return images.contiguous(memory_format=torch.channels_last)


def feature_map(network: Any) -> nn.Module:
    """The wrapper that suits the network."""
    tokens = getattr(network, "output_fmt", "NCHW") == "NHWC" or hasattr(network, "pos_embed")
    return LastMap(network) if tokens else FeatureMap(network)


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
    """A map (B, C, H, W) -> the output of a transformer added to the map, (B, channels, H, W).

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


class EarlyMap(nn.Module):
    """Images (B, 3, H, W) -> (B, channels, H / 4, W / 4)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        widths = (3, channels // 2, channels)
        self.convolutions = nn.Sequential(*_halvings(widths), *_block(channels, channels, stride=1))

    def forward(self, images: Tensor) -> Tensor:
        # As in the ResNets: the faster layout on a CPU, which the heads inherit.
        features: Tensor = self.convolutions(images.contiguous(memory_format=torch.channels_last))
        return features


class ConvPatchEmbed(nn.Module):
    """Stride-2 3 x 3 convolutions down to one token per patch; timm's interface of a patch embedding.

    Args:
        img_size: height and width, multiples of the patch.
        patch_size: side of a patch, a power of two.
        in_chans: channels of the image or of the map that is embedded.
        embed_dim: channels of a token.

    Raises:
        ValueError: a size that is no multiple of the patch, or a patch that is no power of two.
    """

    def __init__(self, img_size: tuple[int, int], patch_size: int, in_chans: int, embed_dim: int, **_: object) -> None:
        super().__init__()
        if patch_size < 1 or patch_size & (patch_size - 1) or any(side % patch_size for side in img_size):
            raise ValueError(f"a size of {img_size} is not made of patches of {patch_size} (a power of two)")
        self.grid_size = (img_size[0] // patch_size, img_size[1] // patch_size)
        self.num_patches = self.grid_size[0] * self.grid_size[1]
        halvings = round(log2(patch_size))
        widths = (in_chans, *(embed_dim // 2 ** (halvings - 1 - i) for i in range(halvings)))
        self.convolutions = nn.Sequential(*_halvings(widths), nn.Conv2d(widths[-1], embed_dim, 1))

    def forward(self, images: Tensor) -> Tensor:
        """(B, in_chans, H, W) -> tokens (B, N, embed_dim), row by row."""
        tokens: Tensor = self.convolutions(images).flatten(2).mT
        return tokens


def _halvings(widths: tuple[int, ...]) -> list[nn.Module]:
    return [layer for inputs, outputs in pairwise(widths) for layer in _block(inputs, outputs, stride=2)]


def _block(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]


class PatchMap(nn.Module):
    """Images (B, 3, H, W) -> embedded patches with their position, (B, C, H / p, W / p)."""

    def __init__(self, network: VisionTransformer) -> None:
        super().__init__()
        self.embedding = network.patch_embed
        self.position = network.pos_embed

    def forward(self, images: Tensor) -> Tensor:
        rows, columns = self.embedding.grid_size
        tokens: Tensor = self.embedding(images) + self.position
        return tokens.mT.reshape(tokens.shape[0], -1, rows, columns)


class TokenBlocks(nn.Module):
    """The transformer's layers on a map (B, C, h, w): token (row, column) stays at (row, column)."""

    def __init__(self, network: VisionTransformer) -> None:
        super().__init__()
        self.blocks, self.norm = network.blocks, network.norm

    def forward(self, x: Tensor) -> Tensor:
        tokens: Tensor = self.norm(self.blocks(x.flatten(2).mT))
        return tokens.mT.reshape(x.shape)
