"""The segmentation task: targets, failures, labels and training."""

import numpy as np
import pandas as pd
import pytest
import torch

from robustbench_endo.errors import ModelError
from robustbench_endo.tasks.registry import get_task

TASK = get_task("segmentation")


def records(**columns):
    counts = {f"{kind}_{label}": 0 for kind in ("tp", "fp", "fn") for label in range(2)}
    return pd.DataFrame({"model": "m", "corruption": "clean", "severity": 0, **counts, **columns})


def test_stack_ignores_frames_without_a_mask():
    mask = torch.ones(4, 6, dtype=torch.uint8)
    stacked = TASK.stack([mask, None], (4, 6))
    assert torch.equal(stacked[0], mask)
    assert set(stacked[1].unique().tolist()) == {255}


def test_resize_takes_the_nearest_pixel():
    mask = torch.tensor([[0, 0], [7, 7]], dtype=torch.uint8)
    assert TASK.resize(mask, (2, 2)) is mask
    assert TASK.resize(mask, (4, 2))[:, 0].tolist() == [0, 0, 7, 7]


def test_check_logits_of_another_rank_raises():
    TASK.check_logits(torch.zeros(2, 3, 4, 4), 2)
    with pytest.raises(ModelError, match="Expected segmentation logits of rank 4 with a batch of 2"):
        TASK.check_logits(torch.zeros(2, 3), 2)


def test_failed_is_below_the_threshold():
    frame = records(dice_mean=[0.4, 0.6, np.nan], tp_1=[10, 10, 0])
    np.testing.assert_array_equal(TASK.failed(frame, 0.5), [1, 0, np.nan])
    assert "0.5" in TASK.describe_failure(0.5)


def test_label_metrics_are_dice_and_iou_of_each_class():
    metrics = {metric.name: metric for metric in TASK.label_metrics(["background", "ultrasound probe"])}
    assert list(metrics) == ["dice[background]", "dice[ultrasound probe]", "iou[background]", "iou[ultrasound probe]"]
    sums = metrics["iou[background]"].statistics(records(tp_1=[6, 0], fp_1=[2, 0], fn_1=[1, 1]), 2).sum(0)
    assert metrics["iou[ultrasound probe]"].formula(sums) == pytest.approx(0.6)
    assert metrics["dice[ultrasound probe]"].formula(sums) == pytest.approx(12 / 16)
    assert np.isnan(metrics["dice[background]"].formula(sums))
    assert len({metric.statistics_key for metric in metrics.values()}) == 1


def test_label_metrics_of_equal_class_names_have_different_names():
    names = [metric.name for metric in TASK.label_metrics(["background", "tip", "tip"])]
    assert names[:3] == ["dice[background]", "dice[tip]", "dice[tip #2]"]
    assert len(set(names)) == len(names)


def test_label_metrics_of_a_frame_are_those_of_its_counts():
    _, dice = TASK.label_metrics(["background", "shaft"])[:2]
    values = dice.frame_values(records(tp_1=[6, 0], fp_1=[2, 0], fn_1=[2, 0]))
    np.testing.assert_allclose(values, [0.75, np.nan])


def test_truth_size_is_the_number_of_scored_pixels():
    frame = records(tp_0=[3, 0], fn_1=[2, 0], fp_0=[2, 9])
    np.testing.assert_array_equal(TASK.truth_size(frame, 2), [5, 0])


def test_metrics_have_unique_names_and_the_headline():
    for protocol in ("standard", "endoarss"):
        names = [metric.name for metric in TASK.metrics(protocol)]
        assert len(set(names)) == len(names)
        assert TASK.headline in names
    assert {"hd", "hd95", "assd", "nsd", "ssim", "dice"} <= {metric.name for metric in TASK.metrics()}


def test_confusion_and_validation_score_of_a_perfect_prediction():
    target = torch.tensor([[[0, 1], [1, 255]]], dtype=torch.uint8)
    logits = torch.nn.functional.one_hot(target.clamp(max=1).long(), 2).movedim(3, 1).float()
    confusion = TASK.confusion(logits, target)
    assert confusion.tolist() == [[1, 0], [0, 2]]
    name, value = TASK.validation_score(confusion)
    assert value == pytest.approx(1)
    assert "iou" in name.lower()
