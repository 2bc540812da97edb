"""Quantities of a batch that several metrics need."""

import pytest
import torch

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics.mask_ssim import mask_ssim
from robustbench_endo.metrics.overlap import class_counts
from robustbench_endo.metrics.surface import surface_distances
from robustbench_endo.tasks.segmentation.batch import SegmentationBatch


def test_segmentation_batch_computes_each_quantity_once():
    torch.manual_seed(0)
    preds, target = (torch.randint(0, 3, (2, 24, 24), dtype=torch.uint8) for _ in range(2))
    batch = SegmentationBatch(preds, target, 3)
    assert torch.equal(batch.counts.tp, class_counts(preds, target, 3).tp)
    expected = surface_distances(preds, target, 3)
    for measured, each in zip(vars(batch.surface).values(), vars(expected).values(), strict=True):
        torch.testing.assert_close(measured[:, 1:], each[:, 1:], equal_nan=True)
    # No metric is of the boundary of the background.
    assert batch.surface.hd[:, 0].isnan().all()
    assert not batch.surface.missed[:, 0].any()
    torch.testing.assert_close(batch.similarity, mask_ssim(preds, target, 3), equal_nan=True)
    assert batch.counts is batch.counts
    assert batch.surface is batch.surface


def test_segmentation_batch_checks_maps_that_are_not_known_to_be_valid():
    labels = torch.full((1, 12, 12), 2, dtype=torch.uint8)
    with pytest.raises(RobustEndoError, match="Expected labels from 0 to 1"):
        SegmentationBatch(labels, labels, 2)
    SegmentationBatch(labels, labels, 2, checked=True)
