"""Surface distances, surface Dice and SSIM of masks as ``torchmetrics.Metric``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics.mask_ssim import mask_ssim_of_checked
from robustbench_endo.metrics.surface import surface_distances_of_checked
from robustbench_endo.metrics.torchmetrics.base import FrameMetric


class SurfaceMetric(FrameMetric):
    """A metric of the boundaries of classes, see :func:`robustbench_endo.metrics.surface_distances`.

    A class that exactly one of prediction and target has is as far away as the image diagonal, and its surface Dice is
    0; a class that neither has is left out.

    Args:
        num_classes: C, 1 to 255; class 0 is the background.
        include_background: whether class 0 counts; its distances take further time.
        spacing: size of a pixel along rows and columns, the unit of distances; (1, 1) by default, which is px.
        tolerance: of the surface Dice in the unit of the spacing, for all classes or one for each of the C classes.
            The other metrics do not depend on it; with the same one as :class:`SurfaceDice` they are computed together
            with it in a ``MetricCollection``.
        options: ``average``, ``input_format``, ``ignore_index``, see :class:`.FrameMetric`, and those of
            ``torchmetrics.Metric``.

    Raises:
        RobustEndoError: an option outside its range.
    """

    family = "surface"
    measures = ("hd", "hd95", "assd", "nsd")
    higher_is_better = False

    def __init__(
        self,
        num_classes: int,
        *,
        include_background: bool = False,
        spacing: tuple[float, float] | None = None,
        tolerance: float | Sequence[float] = 2.0,
        **options: Any,
    ) -> None:
        limits = _limits(tolerance, num_classes)
        size = _spacing((1.0, 1.0) if spacing is None else spacing)
        super().__init__(num_classes, include_background=include_background, depends_on=(size, limits), **options)
        self.spacing, self.tolerance = size, limits

    def frame_values(self, preds: Tensor, target: Tensor) -> Tensor:
        """See :meth:`.FrameMetric.frame_values`."""
        limits = torch.tensor(self.tolerance, dtype=torch.float64)
        first = 0 if self.include_background else 1
        surface = surface_distances_of_checked(preds, target, self.num_classes, self.spacing, limits, first)
        return torch.stack([getattr(surface, name) for name in self.measures])


class HausdorffDistance(SurfaceMetric):
    """Hausdorff distance of the boundaries: the largest from one to the other. Options: :class:`SurfaceMetric`.

    >>> metric = HausdorffDistance(num_classes=2)
    >>> preds, target = torch.zeros(2, 1, 30, 40, dtype=torch.int64)
    >>> target[0, 3, 4] = 1
    >>> metric(preds, target).item()  # missed: the diagonal
    50.0
    >>> preds[0, 6, 8] = 1
    >>> metric(preds, target).item(), metric.compute().item()  # of this batch, of both
    (5.0, 27.5)
    """

    measure = "hd"


class HD95(SurfaceMetric):
    """The larger of the two directed 95th percentiles of the distances of boundaries. Options: :class:`SurfaceMetric`.

    >>> labels = torch.zeros(1, 16, 16, dtype=torch.int64)
    >>> labels[0, 4:9, 4:9] = 1
    >>> HD95(num_classes=2)(labels, labels.roll(1, dims=2)).item()
    1.0
    """

    measure = "hd95"


class ASSD(SurfaceMetric):
    """Average symmetric surface distance, over the boundary pixels of both maps. Options: :class:`SurfaceMetric`.

    >>> labels = torch.zeros(1, 16, 16, dtype=torch.int64)
    >>> labels[0, 4, 4] = 1
    >>> ASSD(num_classes=2, spacing=(0.5, 0.5))(labels, labels.roll(2, dims=1)).item()
    1.0
    """

    measure = "assd"


class SurfaceDice(SurfaceMetric):
    """Fraction of both boundaries within the tolerance of the other (NSD). Options: :class:`SurfaceMetric`.

    >>> labels = torch.zeros(1, 16, 16, dtype=torch.int64)
    >>> labels[0, 4, 4] = 1
    >>> [SurfaceDice(num_classes=2, tolerance=px)(labels, labels.roll(2, dims=1)).item() for px in (1.5, 2)]
    [0.0, 1.0]
    """

    measure = "nsd"
    higher_is_better = True
    plot_upper_bound = 1.0


class MaskSSIM(FrameMetric):
    """SSIM of the one-hot masks in [-1, 1], see :func:`robustbench_endo.metrics.mask_ssim`; sides of at least 11 px.

    Args:
        num_classes: C, 1 to 255; class 0 is the background.
        include_background: whether class 0 counts.
        options: ``average``, ``input_format``, ``ignore_index``, see :class:`.FrameMetric`, and those of
            ``torchmetrics.Metric``.

    Raises:
        RobustEndoError: an option outside its range.

    >>> labels = torch.zeros(1, 16, 16, dtype=torch.int64)
    >>> MaskSSIM(num_classes=2)(labels, labels).item()
    1.0
    """

    family = "mask_ssim"
    measures = ("ssim",)
    measure = "ssim"
    higher_is_better = True
    plot_lower_bound = -1.0
    plot_upper_bound = 1.0

    def __init__(self, num_classes: int, *, include_background: bool = True, **options: Any) -> None:
        super().__init__(num_classes, include_background=include_background, **options)

    def frame_values(self, preds: Tensor, target: Tensor) -> Tensor:
        """See :meth:`.FrameMetric.frame_values`."""
        return mask_ssim_of_checked(preds, target, self.num_classes)[None]


def _limits(tolerance: object, num_classes: int) -> tuple[float, ...]:
    """One tolerance for all classes, or one for each."""
    limits = _numbers(tolerance)
    if len(limits) not in (1, num_classes) or not all(0 <= limit < math.inf for limit in limits):
        raise RobustEndoError(
            f"Expected a tolerance of at least 0, or one for each of {num_classes} classes, got {tolerance!r}: give "
            "distances in the unit of the spacing."
        )
    return limits


def _spacing(spacing: object) -> tuple[float, float]:
    sizes = _numbers(spacing)
    if len(sizes) != 2 or not all(0 < size < math.inf for size in sizes):
        raise RobustEndoError(
            f"Expected a spacing of two sizes above 0, along rows and columns, got {spacing!r}: write (0.1, 0.1)."
        )
    return sizes[0], sizes[1]


def _numbers(value: Any) -> tuple[float, ...]:
    """One number or several; none for anything else."""
    try:
        return tuple(map(float, value)) if isinstance(value, (list, tuple, Tensor)) else (float(value),)
    except (TypeError, ValueError):
        return ()
