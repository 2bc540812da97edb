"""Predicted and target label maps of a batch, as segmentation metrics see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from robustbench_endo.metrics.checks import check_label_maps
from robustbench_endo.metrics.mask_ssim import mask_ssim_of_checked
from robustbench_endo.metrics.overlap import ClassCounts, class_counts_of_checked
from robustbench_endo.metrics.region_surface import part_surface_dice
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
        hidden: bool (B, H, W), where a corruption hides the scene; None for one that hides nothing.
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
    hidden: Tensor | None = None
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

        def measure(frame: slice, spacing: tuple[float, float], limits: Tensor) -> Tensor:
            maps = self.preds[frame], self.target[frame]
            return surface_distances_of_checked(*maps, self.num_classes, spacing, limits, first=1).nsd

        return self._at_exact_tolerances(self.surface.nsd, measure)

    @cached_property
    def surface_dice_by_part(self) -> Tensor:
        """Surface Dice of the boundaries in the visible and in the hidden part, (2, B, C); NaN for the background.

        See :func:`.part_surface_dice`.
        """
        assert self.hidden is not None
        preds, target, hidden = self.preds, self.target, self.hidden
        limits = 2.0 if self.tolerance is None else self.tolerance.in_pixels(self._scale)[0]

        def measure(frame: slice, spacing: tuple[float, float], limits: Tensor) -> Tensor:
            maps = preds[frame], target[frame], hidden[frame]
            return part_surface_dice(*maps, self.num_classes, limits, spacing, first=1)

        nsd = part_surface_dice(preds, target, hidden, self.num_classes, limits, first=1)
        return self._at_exact_tolerances(nsd, measure)

    def _at_exact_tolerances(
        self, nsd: Tensor, measure: Callable[[slice, tuple[float, float], Tensor], Tensor]
    ) -> Tensor:
        """Surface Dice (..., B, C) at the tolerances of square pixels, measured again where pixels are not square."""
        if self.tolerance is None:
            return nsd
        _, uneven = self.tolerance.in_pixels(self._scale)
        nsd = nsd.clone()
        in_mm = [index for index, each in enumerate(self.tolerance.by_class.values()) if each.unit == "mm"]
        limits = torch.tensor([[each.value for each in self.tolerance.by_class.values()]], dtype=torch.float64)
        # Pixels that are not square: distances in mm are no multiples of those in px.
        for frame in uneven.nonzero().flatten().tolist():
            rows, columns = self.tolerance.pixel_size(self._scale)[frame].tolist()
            exact = measure(slice(frame, frame + 1), (rows, columns), limits)
            nsd[..., frame, in_mm] = exact[..., 0, in_mm]
        return nsd

    @property
    def _scale(self) -> Tensor:
        return torch.ones(len(self.target), 2) if self.scale is None else self.scale

    @cached_property
    def similarity(self) -> Tensor:
        """SSIM of the one-hot masks, (B, C)."""
        return mask_ssim_of_checked(self.preds, self.target, self.num_classes)
