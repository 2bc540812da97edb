"""Metrics: exact, defined everywhere, one value a frame."""

from robustbench_endo.metrics.base import Metric, SegmentationBatch
from robustbench_endo.metrics.calibration import confidence_and_entropy
from robustbench_endo.metrics.image_similarity import CleanReference
from robustbench_endo.metrics.mask_ssim import mask_ssim
from robustbench_endo.metrics.overlap import ClassCounts, class_counts
from robustbench_endo.metrics.standard import STANDARD
from robustbench_endo.metrics.surface import SurfaceDistances, surface_distances

__all__ = [
    "STANDARD",
    "ClassCounts",
    "CleanReference",
    "Metric",
    "SegmentationBatch",
    "SurfaceDistances",
    "class_counts",
    "confidence_and_entropy",
    "mask_ssim",
    "surface_distances",
]
