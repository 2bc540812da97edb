"""Losses and weights of segmentation."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from robustbench_endo.tasks.registry import get_task
from robustbench_endo.tasks.segmentation.loss import class_weights, dice_loss, pixel_confusion, segmentation_loss


def test_class_weights_are_inverse_square_roots_with_mean_one():
    masks = torch.zeros(1, 10, 10, dtype=torch.uint8)
    masks[0, 0, :4], masks[0, 1, :] = 1, 255
    weights = class_weights(masks, 3)
    assert weights[1] / weights[0] == pytest.approx((86 / 4) ** 0.5)
    assert (86 * weights[0] + 4 * weights[1]).item() / 90 == pytest.approx(1)
    assert weights[2] == 0


def test_validation_score_leaves_absent_classes_out():
    confusion = torch.tensor([[6, 2, 0], [0, 2, 0], [0, 0, 0]])
    name, value = get_task("segmentation").validation_score(confusion)
    assert (name, value) == ("miou", pytest.approx((6 / 8 + 2 / 4) / 2))


def test_segmentation_loss_ignores_unlabelled_pixels():
    logits = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    masks = torch.randint(0, 3, (2, 4, 4), generator=torch.Generator().manual_seed(1))
    masks[0, :2] = 255
    flat = logits.permute(0, 2, 3, 1)[masks != 255]
    torch.testing.assert_close(segmentation_loss(logits, masks, None, 0.0), F.cross_entropy(flat, masks[masks != 255]))
    assert segmentation_loss(logits, torch.full_like(masks, 255), None, 1.0) == 0


def test_dice_loss_is_zero_for_a_perfect_prediction():
    masks = torch.tensor([[[0, 1], [1, 255]]])
    logits = 40.0 * F.one_hot(masks.where(masks != 255, 2), 3).movedim(-1, 1)
    assert dice_loss(logits, masks) == pytest.approx(0, abs=1e-5)
    assert dice_loss(-logits, masks) > 0.5


def test_pixel_confusion_counts_labelled_pixels():
    logits = torch.tensor([[[[2.0, 0.0]], [[1.0, 1.0]]]])
    assert pixel_confusion(logits, torch.tensor([[[0, 0]]])).tolist() == [[1, 1], [0, 0]]
    assert pixel_confusion(logits, torch.tensor([[[1, 255]]])).tolist() == [[0, 0], [1, 0]]
