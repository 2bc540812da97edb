"""Predicted and target label maps of a batch, as segmentation metrics see them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from robustbench_endo.metrics.mask_ssim import mask_ssim
from robustbench_endo.metrics.overlap import ClassCounts, class_counts
from robustbench_endo.metrics.surface import SurfaceDistances, surface_distances


@dataclass(frozen=True)
class SegmentationBatch:
    """Label maps of a batch; quantities that several metrics need are computed once.

    Attributes:
        preds, target: uint8 (B, H, W); target 255 = ignore.
        num_classes: C; class 0 is the background.

    >>> import torch
    >>> labels = torch.zeros(1, 16, 16, dtype=torch.uint8)
    >>> SegmentationBatch(labels, labels, num_classes=2).counts.tp.tolist()
    [[256, 0]]
    """

    preds: Tensor
    target: Tensor
    num_classes: int

    @cached_property
    def counts(self) -> ClassCounts:
        """True positive, false positive and false negative pixels, (B, C)."""
        return class_counts(self.preds, self.target, self.num_classes)

    @cached_property
    def surface(self) -> SurfaceDistances:
        """Boundary distances in px, (B, C)."""
        return surface_distances(self.preds, self.target, self.num_classes)

    @cached_property
    def similarity(self) -> Tensor:
        """SSIM of the one-hot masks, (B, C)."""
        return mask_ssim(self.preds, self.target, self.num_classes)
