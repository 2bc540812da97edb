"""Efficient multi-scale attention: 1-D pooled branches and a 3 x 3 branch weight each other over space.

Source: Ouyang et al., "Efficient Multi-Scale Attention Module with Cross-Spatial Learning", ICASSP 2023.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class EMA(nn.Module):
    """Attention over the C channels of a map (B, C, H, W), all in one group.

    Every channel is normalised on its own, as a group norm of C groups.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gn = nn.GroupNorm(channels, channels)
        self.conv1x1 = nn.Conv2d(channels, channels, 1)
        self.conv3x3 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W): the input times a gate in (0, 1) that is one map for all channels."""
        directional = self.gn(x * self._directional_gate(x))
        local = self.conv3x3(x)
        weights = _cross(directional, local) + _cross(local, directional)
        return x * weights.sigmoid()

    def _directional_gate(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        rows = x.mean(dim=3, keepdim=True)
        columns = x.mean(dim=2, keepdim=True).transpose(2, 3)
        mixed = self.conv1x1(torch.cat([rows, columns], dim=2))
        rows, columns = mixed.split([height, width], dim=2)
        gate: Tensor = rows.sigmoid() * columns.transpose(2, 3).sigmoid()
        return gate


def _cross(summary: Tensor, detail: Tensor) -> Tensor:
    """One branch's globally pooled channels weigh the other branch's positions: (B, 1, H, W)."""
    share = summary.mean(dim=(2, 3)).softmax(dim=-1)
    return torch.einsum("bc,bchw->bhw", share, detail).unsqueeze(1)
