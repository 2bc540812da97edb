"""The head of each task: DeepLab-v3 for label maps, pooling and a linear layer for whole frames.

Source: Chen et al., "Rethinking Atrous Convolution for Semantic Image Segmentation", arXiv 1706.05587.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from robustbench_endo.models.backbones import Backbone


def conv_bn_relu(inputs: int, outputs: int, kernel: int, dilation: int = 1) -> nn.Sequential:
    """k x k convolution that keeps the size, batch norm, ReLU."""
    padding = dilation * (kernel // 2)
    convolution = nn.Conv2d(inputs, outputs, kernel, padding=padding, dilation=dilation, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


class PooledBatchNorm2d(nn.BatchNorm2d):
    """Batch norm of 1 x 1 maps; a single one, which has no variance, is normalised by the running statistics."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, 1, 1) -> the same shape."""
        if self.training and x.shape[0] == 1:
            return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
        return super().forward(x)


class ASPP(nn.Module):
    """One 1 x 1 branch, one dilated 3 x 3 branch per rate and the image's mean, fused by 1 x 1.

    Args:
        pooled_norm: whether the branch of the mean has a batch norm.
        dropout: probability after the fusion.
    """

    def __init__(
        self, inputs: int, channels: int, rates: tuple[int, ...], pooled_norm: bool = False, dropout: float = 0.0
    ) -> None:
        super().__init__()
        branches = [conv_bn_relu(inputs, channels, 1)]
        branches += [conv_bn_relu(inputs, channels, 3, dilation=rate) for rate in rates]
        self.branches = nn.ModuleList(branches)
        norm = [PooledBatchNorm2d(channels)] if pooled_norm else []
        pooled = nn.Conv2d(inputs, channels, 1, bias=not pooled_norm)
        self.image = nn.Sequential(nn.AdaptiveAvgPool2d(1), pooled, *norm, nn.ReLU())
        self.fuse = conv_bn_relu((len(branches) + 1) * channels, channels, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, h, w) -> (B, channels, h, w)."""
        image = self.image(x).expand(-1, -1, *x.shape[2:])
        fused: Tensor = self.dropout(self.fuse(torch.cat([*(branch(x) for branch in self.branches), image], dim=1)))
        return fused


class DeepLabHead(nn.Module):
    """Logits (B, classes, h * upscale, w * upscale).

    Args:
        rates: dilations of the pyramid; 12/24/36 at 256 channels in the paper, smaller for small maps.
        upscale: sub-pixel factor of the classifier (1 = plain 1 x 1 convolution), for coarse token grids.
        pooled_norm, dropout: see :class:`ASPP`.
    """

    def __init__(
        self,
        inputs: int,
        classes: int,
        channels: int,
        rates: tuple[int, ...],
        upscale: int = 1,
        pooled_norm: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.aspp = ASPP(inputs, channels, rates, pooled_norm, dropout)
        self.fuse = conv_bn_relu(channels, channels, 3)
        self.classifier = nn.Conv2d(channels, classes * upscale**2, 1)
        self.upscale = nn.PixelShuffle(upscale)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, h, w) -> (B, classes, h * upscale, w * upscale)."""
        logits: Tensor = self.upscale(self.classifier(self.fuse(self.aspp(x))))
        return logits


class ClassificationHead(nn.Module):
    """Logits (B, classes) for the whole frame.

    Args:
        inputs: channels of the map.
        classes: outputs.
        channels: width of the head.
        pool: `mean` over the map, as in the paper, or `max`, for small objects in a fine map.
    """

    def __init__(self, inputs: int, classes: int, channels: int, pool: Literal["mean", "max"] = "mean") -> None:
        super().__init__()
        self.block = conv_bn_relu(inputs, channels, 3)
        self.classifier = nn.Linear(channels, classes)
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, h, w) -> (B, classes)."""
        features: Tensor = self.block(x)
        pooled = features.mean(dim=(2, 3)) if self.pool == "mean" else features.amax(dim=(2, 3))
        logits: Tensor = self.classifier(pooled)
        return logits


def _segmentation_head(backbone: Backbone, inputs: int, labels: int) -> nn.Module:
    options = backbone.head_channels, backbone.rates, backbone.upscale, backbone.pooled_norm, backbone.dropout
    return DeepLabHead(inputs, labels, *options)


def _activity_head(backbone: Backbone, inputs: int, labels: int) -> nn.Module:
    return ClassificationHead(inputs, labels, backbone.head_channels, backbone.pool)


HEADS: Mapping[str, Callable[[Backbone, int, int], nn.Module]] = {
    "segmentation": _segmentation_head,
    "activity": _activity_head,
}
"""Task -> head for (options of the backbone, input channels, number of labels).

Add new tasks at the end: the order is that of the task adapters in the weights of checkpoints.
"""
