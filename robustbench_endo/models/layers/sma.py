"""Spatially-aware multi-scale attention (SMA): what EndoARSS does to the image before the patch embedding.

Source: EndoARSS, arXiv 2506.06830, section on the SMA module (there: n = 3, d = 512, p = 7).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_endo.models.layers.ema import EMA


class SMA(nn.Module):
    """Image in, image out (3 channels), of any size: padded to whole patches, cropped back.

    Args:
        dim: channels d that the image is lifted to.
        patch: side p of a patch; the attention runs over its p * p pixel positions.
        kernel: side n of the first and last convolution.
    """

    def __init__(self, dim: int, patch: int, kernel: int = 3) -> None:
        super().__init__()
        self.patch = patch
        self.conv1 = nn.Conv2d(3, 3, kernel, padding="same")
        self.conv2 = nn.Conv2d(3, dim, 1)
        self.ema = EMA(patch * patch)
        self.conv3 = nn.Conv2d(dim, 3, 1)
        self.conv4 = nn.Conv2d(6, 3, kernel, padding="same")

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 3, H, W)."""
        height, width = images.shape[2:]
        x = self._whole_patches(images)
        attended = self.conv3(self._attend(self.conv2(self.conv1(x))))
        mixed: Tensor = self.conv4(torch.cat([x, attended], dim=1))
        return mixed[..., :height, :width]

    def _whole_patches(self, images: Tensor) -> Tensor:
        below, right = -images.shape[2] % self.patch, -images.shape[3] % self.patch
        return F.pad(images, (0, right, 0, below), mode="replicate") if below or right else images

    def _attend(self, x: Tensor) -> Tensor:
        positions = unfold(x, self.patch)
        return fold(self.ema(positions), self.patch, (x.shape[2], x.shape[3]))


def unfold(x: Tensor, patch: int) -> Tensor:
    """(B, d, H, W) -> (B, p * p positions, N patches, d), for H and W that are multiples of p."""
    batch, dim, height, width = x.shape
    rows, columns = height // patch, width // patch
    grid = x.reshape(batch, dim, rows, patch, columns, patch)
    return grid.permute(0, 3, 5, 2, 4, 1).reshape(batch, patch * patch, rows * columns, dim)


def fold(positions: Tensor, patch: int, size: tuple[int, int]) -> Tensor:
    """The inverse of :func:`unfold`: (B, p * p, N, d) -> (B, d, H, W)."""
    batch, _, _, dim = positions.shape
    rows, columns = size[0] // patch, size[1] // patch
    grid = positions.reshape(batch, patch, patch, rows, columns, dim)
    return grid.permute(0, 5, 3, 1, 4, 2).reshape(batch, dim, *size)
