"""Data sets: frames with masks and activities, from folders, CSV files and videos, public or synthetic."""

from robustbench_endo.data.folder import FolderDataset
from robustbench_endo.data.registry import list_datasets, load_dataset

__all__ = ["FolderDataset", "list_datasets", "load_dataset"]
