"""Spatially-aware multi-scale attention (SMA): what EndoARSS does to the image before the patch embedding.

Source: EndoARSS, arXiv 2506.06830, section on the SMA module (there: n = 3, d = 512, p = 7).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_endo.models.layers.ema import EMA
from robustbench_endo.models.layers.ema_factorised import attention
from robustbench_endo.models.layers.padding import to_multiple


class SMA(nn.Module):
    """Image in, image out (3 channels), of any size: padded to whole patches, cropped back.

    Args:
        dim: channels d that the image is lifted to.
        patch: side p of a patch; the attention runs over its p * p pixel positions.
        kernel: side n of the first and last convolution.
        factorised: never form the image of d channels (see :mod:`.ema_factorised`); the same output up to rounding.
    """

    def __init__(self, dim: int, patch: int, kernel: int = 3, factorised: bool = True) -> None:
        super().__init__()
        self.patch = patch
        self.factorised = factorised
        self.conv1 = nn.Conv2d(3, 3, kernel, padding="same")
        self.conv2 = nn.Conv2d(3, dim, 1)
        self.ema = EMA(patch * patch)
        self.conv3 = nn.Conv2d(dim, 3, 1)
        self.conv4 = nn.Conv2d(6, 3, kernel, padding="same")

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 3, H, W)."""
        height, width = images.shape[2:]
        x = to_multiple(images, self.patch)
        filtered = self.conv1(x)
        attended = self._attend_factorised(filtered) if self.factorised else self._attend(filtered)
        mixed: Tensor = self.conv4(torch.cat([x, attended], dim=1))
        return mixed[..., :height, :width]

    def _attend(self, x: Tensor) -> Tensor:
        positions = unfold(self.conv2(x), self.patch)
        attended: Tensor = self.conv3(fold(self.ema(positions), self.patch, (x.shape[2], x.shape[3])))
        return attended

    def _attend_factorised(self, x: Tensor) -> Tensor:
        lift, lower = self.conv2, self.conv3
        assert lift.bias is not None
        assert lower.bias is not None
        y = F.pad(unfold(x, self.patch), (0, 1), value=1.0)
        w = torch.cat([lift.weight.flatten(1), lift.bias[:, None]], dim=1)
        gate = attention(self.ema, y, w)
        # Gate, then 1 x 1 back to three channels: sum over d of gate * w_j * lower_k, (B, N, J, 3).
        back = gate @ (w[:, :, None] * lower.weight.flatten(1).T[:, None]).flatten(1)
        attended = torch.einsum("bcnj,bnjk->bcnk", y, back.reshape(*back.shape[:2], -1, 3)) + lower.bias
        return fold(attended, self.patch, (x.shape[2], x.shape[3]))


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
