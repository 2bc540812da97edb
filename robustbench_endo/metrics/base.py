"""The contract of a metric, and what a metric sees."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor

from robustbench_endo.metrics.mask_ssim import mask_ssim
from robustbench_endo.metrics.overlap import ClassCounts, class_counts
from robustbench_endo.metrics.surface import SurfaceDistances, surface_distances


@dataclass(frozen=True)
class SegmentationBatch:
    """Predicted and true label maps of a batch; what several metrics need is computed once.

    Attributes:
        labels, target: uint8 (B, H, W); target 255 = ignore.
        num_classes: C; class 0 is the background.
    """

    labels: Tensor
    target: Tensor
    num_classes: int

    @cached_property
    def counts(self) -> ClassCounts:
        """True positive, false positive and false negative pixels, (B, C)."""
        return class_counts(self.labels, self.target, self.num_classes)

    @cached_property
    def surface(self) -> SurfaceDistances:
        """Boundary distances in px, (B, C)."""
        return surface_distances(self.labels, self.target, self.num_classes)

    @cached_property
    def similarity(self) -> Tensor:
        """SSIM of the one-hot masks, (B, C)."""
        return mask_ssim(self.labels, self.target, self.num_classes)


class Metric(ABC):
    """A score of segmentations, one number a frame.

    A subclass sets the three class attributes and writes :meth:`score`; :meth:`update`, :meth:`compute` and
    :meth:`reset` then work as elsewhere in the field.
    """

    name: ClassVar[str]
    higher_is_better: ClassVar[bool]
    unit: ClassVar[str]

    def __init__(self) -> None:
        self._values: list[Tensor] = []

    @abstractmethod
    def score(self, batch: SegmentationBatch) -> Tensor:
        """One value a frame, (B,); NaN where the metric is not defined."""

    def update(self, batch: SegmentationBatch) -> None:
        """Score the frames of a batch and keep the values."""
        self._values.append(self.score(batch).double().cpu())

    def compute(self) -> Tensor:
        """Values of all frames since :meth:`reset`, float64 (N,)."""
        return torch.cat(self._values) if self._values else torch.empty(0, dtype=torch.float64)

    def reset(self) -> None:
        """Forget all frames."""
        self._values.clear()
