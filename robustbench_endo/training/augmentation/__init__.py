"""Augmentation of a training frame with its mask: pipelines of albumentations as TOML files, AugMix, corruptions."""

from robustbench_endo.training.augmentation.augmentation import PIPELINES, Augment, augmentation
from robustbench_endo.training.augmentation.augmix import Mixing
from robustbench_endo.training.augmentation.corruption import corruption_augmentation, overlaps

__all__ = ["PIPELINES", "Augment", "Mixing", "augmentation", "corruption_augmentation", "overlaps"]
