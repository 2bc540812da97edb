"""Convolutions before a transformer: small ones trained on few frames need their prior.

Source: Xiao et al., "Early Convolutions Help Transformers See Better", NeurIPS 2021.
"""

from __future__ import annotations

from itertools import pairwise
from math import log2

import torch
from torch import Tensor, nn


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
