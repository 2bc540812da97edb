"""Augmentation of a training frame with its mask: pipelines of albumentations as TOML files, AugMix, corruptions."""

from robustbench_endo.training.augmentation.augmentation import PIPELINES, Augment, augmentation, read_pipeline
from robustbench_endo.training.augmentation.augmix import Mixing
from robustbench_endo.training.augmentation.corruption import CorruptionAugmentation, overlaps

__all__ = ["PIPELINES", "Augment", "CorruptionAugmentation", "Mixing", "augmentation", "overlaps", "read_pipeline"]
