"""Augmentation of a training frame with its mask: pipelines of albumentations as TOML files, and chained mixing."""

from robustbench_endo.training.augmentation.augmentation import Augment, augmentation, overlaps
from robustbench_endo.training.augmentation.augmix import Mixing
from robustbench_endo.training.augmentation.pipeline_file import PIPELINES

__all__ = ["PIPELINES", "Augment", "Mixing", "augmentation", "overlaps"]
