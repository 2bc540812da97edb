from . import gate, metrics
from .confidence.fit import calibrate_confidence
from .corruptions import corrupt, list_corruptions
from .data import from_huggingface, from_torch, list_datasets, load_dataset
from .evaluation.kernel_warm_up import warmup
from .evaluation.merge_shards import merge
from .evaluation.run import evaluate, evaluate_shard
from .models import from_transformers, list_models, load_model
from .reports import report
from .reports.plotting import Plots
from .results import load_results
from .tracking import log_results
from .training import train

__version__: str

__all__ = [
    "Plots",
    "calibrate_confidence",
    "corrupt",
    "evaluate",
    "evaluate_shard",
    "from_huggingface",
    "from_torch",
    "from_transformers",
    "gate",
    "list_corruptions",
    "list_datasets",
    "list_models",
    "load_dataset",
    "load_model",
    "load_results",
    "log_results",
    "merge",
    "metrics",
    "report",
    "train",
    "warmup",
]
