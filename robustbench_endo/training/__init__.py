"""Training: one function, `train`, and the rebuilding of the embedded checkpoints."""

from robustbench_endo.training.hardware import Hardware
from robustbench_endo.training.settings import Progress, TrainConfig
from robustbench_endo.training.subject_split import split_by_subject
from robustbench_endo.training.trainer import train

__all__ = ["Hardware", "Progress", "TrainConfig", "split_by_subject", "train"]
