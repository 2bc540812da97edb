"""Training: one function, `train`, and the rebuilding of the embedded checkpoints."""

from robustbench_endo.training.hardware import Hardware
from robustbench_endo.training.settings import Progress, Settings
from robustbench_endo.training.subject_split import split_by_group
from robustbench_endo.training.trainer import train

__all__ = ["Hardware", "Progress", "Settings", "split_by_group", "train"]
