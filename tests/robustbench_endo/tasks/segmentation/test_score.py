"""Record columns of segmentations: counts, calibration, and frames that cannot be scored."""

import numpy as np
import pytest
import torch

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation.host_copy import HostColumns
from robustbench_endo.metrics import checks
from robustbench_endo.tasks.registry import get_task
from robustbench_endo.tasks.segmentation.decode import decode
from robustbench_endo.tasks.segmentation.metrics import bin_columns, count_columns

TASK = get_task("segmentation")
METRICS = [metric for metric in TASK.metrics() if metric.record_columns]


def columns_of(logits, masks, clean_masks=None):
    prediction = None if logits is None else decode(logits, tuple(masks.shape[1:]))
    scores = TASK.score(prediction, masks, masks if clean_masks is None else clean_masks, 3, METRICS)
    (columns,) = HostColumns([scores]).wait()
    return columns


@pytest.fixture
def batch():
    torch.manual_seed(0)
    logits = 4 * torch.randn(2, 3, 40, 50)
    masks = torch.randint(0, 3, (2, 40, 50), dtype=torch.uint8)
    masks[1, :10] = 255
    return logits, masks


def test_score_calibration_counts_every_pixel_of_a_small_frame(batch):
    columns = columns_of(*batch)
    count, correct, confidence = (
        np.stack([columns[name] for name in bin_columns(kind)], 1) for kind in ("count", "correct", "confidence")
    )
    assert count.sum(1).tolist() == [40 * 50, 30 * 50]
    tp = np.stack([columns[name] for name in count_columns(3)[:3]], 1)
    assert (correct.sum(1) == tp.sum(1)).all()
    largest = batch[0].softmax(1).amax(1)
    assert confidence[0].sum() == pytest.approx(float(largest[0].sum()), rel=1e-4)
    assert (count[:, :4] == 0).all()  # the largest of three probabilities is at least 1/3, in the fifth bin


def test_score_of_a_frame_with_nan_logits_is_undefined(batch):
    logits, masks = batch
    logits[0, 1, 2, 3] = torch.nan
    columns = columns_of(logits, masks)
    assert sum(int(columns[name][0]) for name in (*bin_columns("count"), *count_columns(3))) == 0
    for name in ("dice_mean", "iou_mean", "hd", "ssim", "segmentation_confidence"):
        assert np.isnan(columns[name][0])
    assert np.isfinite(columns["dice_mean"][1])


def test_score_without_the_task_is_undefined(batch):
    columns = columns_of(None, batch[1])
    assert np.isnan(columns["dice_mean"]).all()
    assert sum(columns[name].sum() for name in count_columns(3)) == 0


def test_score_against_the_clean_mask_differs_after_a_warp(batch):
    logits, masks = batch
    moved = masks.roll(5, 2)
    columns = columns_of(logits, moved, masks)
    expected = columns_of(logits, masks)
    np.testing.assert_array_equal(columns["dice_mean_unwarped"], expected["dice_mean"])
    assert (columns["dice_mean"] != expected["dice_mean"]).all()


def test_score_checks_labels_only_where_the_model_has_more_classes(batch, monkeypatch):
    logits, masks = batch
    with pytest.raises(RobustEndoError, match="Expected labels from 0 to 2 in the prediction, got 3"):
        columns_of(torch.cat((logits, torch.full_like(logits[:, :1], 9)), 1), masks)
    monkeypatch.setattr(checks, "_highest", lambda *arguments: pytest.fail("checked again"))
    columns_of(logits, masks)
    columns_of(logits[:, :2], masks)


def test_score_columns_are_those_of_the_task(batch):
    declared = {column.name for column in TASK.columns(3)} | {n for m in METRICS for n in m.record_columns}
    assert set(columns_of(*batch)) == declared
