"""Predicted and target label maps of a batch, as segmentation metrics see them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from robustbench_endo.metrics.checks import check_label_maps
from robustbench_endo.metrics.mask_ssim import mask_ssim_of_checked
from robustbench_endo.metrics.overlap import ClassCounts, class_counts_of_checked
from robustbench_endo.metrics.surface import SurfaceDistances, surface_distances_of_checked
from robustbench_endo.tasks.segmentation.tolerance import NsdTolerance


@dataclass(frozen=True)
class SegmentationBatch:
    """Label maps of a batch; quantities that several metrics need are computed once.

    Attributes:
        preds, target: uint8 (B, H, W); target 255 = ignore.
        num_classes: C; class 0 is the background.
        tolerance: of the surface Dice; None for 2 px.
        scale: scored pixels per pixel of the original frame along rows and columns, (B, 2); None for 1.
        checked: whether the maps are known to be valid; they are checked otherwise, for which a GPU is waited for.

    Raises:
        RobustEndoError: maps of different shapes or devices, or labels out of range.

    >>> import torch
    >>> labels = torch.zeros(1, 16, 16, dtype=torch.uint8)
    >>> SegmentationBatch(labels, labels, num_classes=2).counts.tp.tolist()
    [[256, 0]]
    """

    preds: Tensor
    target: Tensor
    num_classes: int
    tolerance: NsdTolerance | None = None
    scale: Tensor | None = None
    checked: bool = False

    def __post_init__(self) -> None:
        if not self.checked:
            check_label_maps(self.preds, self.target, self.num_classes)

    @cached_property
    def counts(self) -> ClassCounts:
        """True positive, false positive and false negative pixels, (B, C)."""
        return class_counts_of_checked(self.preds, self.target, self.num_classes)

    @cached_property
    def surface(self) -> SurfaceDistances:
        """Boundary distances in px, (B, C), without those of the background: NaN, and not missed.

        ``nsd`` is at the tolerances of square pixels.
        """
        limits = 2.0 if self.tolerance is None else self.tolerance.in_pixels(self._scale)[0]
        return surface_distances_of_checked(self.preds, self.target, self.num_classes, tolerance=limits, first=1)

    @cached_property
    def surface_dice(self) -> Tensor:
        """Surface Dice at the tolerance of each class, (B, C); NaN for the background."""
        if self.tolerance is None:
            return self.surface.nsd
        _, uneven = self.tolerance.in_pixels(self._scale)
        nsd = self.surface.nsd.clone()
        in_mm = [index for index, each in enumerate(self.tolerance.by_class.values()) if each.unit == "mm"]
        limits = torch.tensor([[each.value for each in self.tolerance.by_class.values()]], dtype=torch.float64)
        # Pixels that are not square: distances in mm are no multiples of those in px.
        for frame in uneven.nonzero().flatten().tolist():
            rows, columns = self.tolerance.pixel_size(self._scale)[frame].tolist()
            maps = self.preds[frame : frame + 1], self.target[frame : frame + 1]
            exact = surface_distances_of_checked(*maps, self.num_classes, (rows, columns), limits, first=1)
            nsd[frame, in_mm] = exact.nsd[0, in_mm]
        return nsd

    @property
    def _scale(self) -> Tensor:
        return torch.ones(len(self.target), 2) if self.scale is None else self.scale

    @cached_property
    def similarity(self) -> Tensor:
        """SSIM of the one-hot masks, (B, C)."""
        return mask_ssim_of_checked(self.preds, self.target, self.num_classes)
