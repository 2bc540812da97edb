"""Data sets: frames with masks and activities, from folders, CSV files and videos, public or synthetic."""

from robustbench_endo.data.folder import FolderDataset
from robustbench_endo.data.from_torch import from_torch
from robustbench_endo.data.huggingface import from_huggingface
from robustbench_endo.data.registry import list_datasets, load_dataset

__all__ = ["FolderDataset", "from_huggingface", "from_torch", "list_datasets", "load_dataset"]
