"""The floor of segmentation against a prediction that really is background everywhere."""

import numpy as np
import pandas as pd
import pytest
import torch

from robustbench_endo.metrics.calibration import sample_pixels
from robustbench_endo.tasks.registry import get_task
from robustbench_endo.tasks.segmentation.decode import SegmentationPrediction
from robustbench_endo.tasks.segmentation.floors import background_everywhere, truth_pixels

TASK = get_task("segmentation")
NOT_DERIVED = {"ssim"}


def scored(label_map, target, num_classes):
    batch = len(target)
    prediction = SegmentationPrediction(
        valid=torch.ones(batch, dtype=torch.bool),
        confidence=torch.full((batch,), 0.9),
        entropy=torch.zeros(batch),
        label_map=label_map,
        sampled_confidence=torch.full(sample_pixels(target).shape, 0.9),
    )
    metrics = [metric for metric in TASK.metrics() if metric.record_columns]
    return pd.DataFrame(TASK.score(prediction, target, target, num_classes, metrics))


@pytest.fixture
def target(label_maps):
    masks = torch.cat((label_maps(3), torch.zeros_like(label_maps(3))))  # the second has no foreground
    masks[0, :4] = 255  # ignored
    return masks


def test_background_everywhere_equals_the_scores_of_that_prediction(target, label_maps):
    truth_of_another_model = scored(torch.cat((label_maps(5), label_maps(6))), target, 4)
    floor = pd.DataFrame(background_everywhere(truth_of_another_model, 4))
    real = scored(torch.zeros_like(target), target, 4)
    for name in floor.columns:
        np.testing.assert_allclose(floor[name], real[name], rtol=1e-6, err_msg=name)
    frame_metrics = {name for metric in TASK.metrics() for name in metric.record_columns}
    assert frame_metrics - NOT_DERIVED <= set(floor.columns)


def test_background_everywhere_is_not_defined_without_a_mask(target):
    without = scored(torch.zeros_like(target), torch.full_like(target, 255), 4)
    floor = pd.DataFrame(background_everywhere(without, 4))
    assert floor[["iou_mean", "dice_mean", "hd", "nsd"]].isna().all(axis=None)


def test_truth_pixels_do_not_depend_on_the_prediction(target, label_maps):
    predictions = (torch.cat((label_maps(5), label_maps(6))), torch.zeros_like(target))
    tables = [truth_pixels(scored(prediction, target, 4), 4) for prediction in predictions]
    np.testing.assert_array_equal(*tables)
    assert tables[0].sum() == (target != 255).sum()
