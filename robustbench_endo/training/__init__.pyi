from .config import TrainConfig
from .fabric import Hardware
from .subject_split import split_by_subject
from .trainer import Progress, ProgressCallback, train

__all__ = ["Hardware", "Progress", "ProgressCallback", "TrainConfig", "split_by_subject", "train"]
