"""Checks and masking of label maps."""

import pytest
import torch

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics import surface_distances
from robustbench_endo.metrics.checks import check_label_maps, without_ignored


@pytest.mark.parametrize("classes", [0, 256])
def test_check_label_maps_rejects_number_of_classes(classes):
    with pytest.raises(RobustEndoError, match=f"Expected 1 to 255 classes, got {classes}"):
        surface_distances(torch.zeros(1, 8, 8).byte(), torch.zeros(1, 8, 8).byte(), classes)


def test_check_label_maps_allows_255_only_in_the_target():
    valid, ignored = torch.zeros(1, 8, 8).byte(), torch.full((1, 8, 8), 255).byte()
    check_label_maps(valid, ignored, 2)
    with pytest.raises(RobustEndoError, match="labels from 0 to 1 in the prediction, got 255"):
        check_label_maps(ignored, valid, 2)


def test_without_ignored_masks_the_prediction():
    pred, target = torch.ones(1, 2, 3).byte(), torch.zeros(1, 2, 3).byte()
    target[0, 0, 1] = 255
    assert without_ignored(pred, target).tolist() == [[[1, 255, 1], [1, 1, 1]]]
    assert bool((pred == 1).all())
