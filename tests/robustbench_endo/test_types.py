"""Samples and the protocol of data sets."""

import torch

from robustbench_endo.data import FolderDataset
from robustbench_endo.types import Dataset, Sample

IMAGE = torch.zeros(3, 4, 6, dtype=torch.uint8)


def test_sample_from_labels_leaves_missing_targets_out():
    mask = torch.ones(4, 6, dtype=torch.uint8)
    sample = Sample.from_labels(IMAGE, mask, None, "a.png", "patient")
    assert set(sample.targets) == {"segmentation"}
    assert sample.mask is mask
    assert sample.activity is None
    assert Sample.from_labels(IMAGE, None, 2, "a.png", "patient").activity == 2


def test_dataset_protocol_is_met_by_a_folder(make_folder):
    assert isinstance(FolderDataset(make_folder(frames=1)), Dataset)
    assert not isinstance([1, 2], Dataset)
