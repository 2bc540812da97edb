"""Chains of operations mixed with the frame, after AugMix."""

from robustbench_endo.training.augmentation.mixing.chains import mixed
from robustbench_endo.training.augmentation.mixing.operations import OPERATIONS
from robustbench_endo.training.augmentation.mixing.settings import Mixing

__all__ = ["OPERATIONS", "Mixing", "mixed"]
