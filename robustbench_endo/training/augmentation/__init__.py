"""Augmentation of a training frame with its mask: pipelines of albumentations as TOML files, mixing, corruptions."""

from robustbench_endo.training.augmentation.augmentation import PIPELINES, Augment, Mixer, augmentation, read_pipeline
from robustbench_endo.training.augmentation.augmix import Mixing
from robustbench_endo.training.augmentation.corruption import CorruptionAugmentation, overlaps
from robustbench_endo.training.augmentation.hardening import Hardening, inherited_corruptions, plan_hardening
from robustbench_endo.training.augmentation.pixmix import PixMix

__all__ = [
    "PIPELINES",
    "Augment",
    "CorruptionAugmentation",
    "Hardening",
    "Mixer",
    "Mixing",
    "PixMix",
    "augmentation",
    "inherited_corruptions",
    "overlaps",
    "plan_hardening",
    "read_pipeline",
]
