"""The decoders of the EndoARSS authors' network, under the names of its checkpoints."""

from __future__ import annotations

import torch
from torch import Tensor, nn

WIDTH = 256
RATES = (12, 24, 36)


class SegmentationDecoder(nn.Sequential):
    """DeepLab-v3: (B, 256, h, w) -> (B, classes, h, w)."""

    def __init__(self, classes: int) -> None:
        convolution = nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False)
        super().__init__(_Pyramid(), convolution, nn.BatchNorm2d(WIDTH), nn.ReLU(), nn.Conv2d(WIDTH, classes, 1))


class ActivityDecoder(nn.Sequential):
    """(B, 256, h, w) -> (B, activities)."""

    def __init__(self, activities: int) -> None:
        convolution = nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False)
        pool = (nn.AdaptiveAvgPool2d(1), nn.Flatten())
        super().__init__(convolution, nn.BatchNorm2d(WIDTH), nn.ReLU(), *pool, nn.Linear(WIDTH, activities))


class _Pyramid(nn.Module):
    """Atrous spatial pyramid pooling, with dropout after the projection."""

    def __init__(self) -> None:
        super().__init__()
        branches = [_branch(nn.Conv2d(WIDTH, WIDTH, 1, bias=False))]
        branches += [_branch(nn.Conv2d(WIDTH, WIDTH, 3, padding=r, dilation=r, bias=False)) for r in RATES]
        pooled = _branch(nn.AdaptiveAvgPool2d(1), nn.Conv2d(WIDTH, WIDTH, 1, bias=False))
        self.convs = nn.ModuleList([*branches, pooled])
        projection = nn.Conv2d(len(self.convs) * WIDTH, WIDTH, 1, bias=False)
        self.project = nn.Sequential(projection, nn.BatchNorm2d(WIDTH), nn.ReLU(), nn.Dropout(0.5))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 256, h, w) -> (B, 256, h, w)."""
        maps = [convolve(x).expand(-1, -1, *x.shape[2:]) for convolve in self.convs]
        fused: Tensor = self.project(torch.cat(maps, dim=1))
        return fused


def _branch(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(*layers, nn.BatchNorm2d(WIDTH), nn.ReLU())
