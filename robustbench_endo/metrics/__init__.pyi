from .base import Metric
from .calibration import confidence_and_entropy
from .image_similarity import CleanReference
from .mask_ssim import mask_ssim
from .overlap import ClassCounts, class_counts
from .surface import SurfaceDistances, surface_distances

__all__ = [
    "ClassCounts",
    "CleanReference",
    "Metric",
    "SurfaceDistances",
    "class_counts",
    "confidence_and_entropy",
    "mask_ssim",
    "surface_distances",
]
