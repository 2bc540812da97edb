from __future__ import annotations

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F

from robustbench_endo.training.data import NO_ACTIVITY, Batch
from robustbench_endo.training.train_step import class_weights, learning_rate, task_losses
from robustbench_endo.training.validate import miou


def batch(masks, activities):
    return Batch(torch.zeros(len(masks), 3, *masks.shape[1:]), masks, activities, ("a", "b"))


def test_cross_entropy_of_both_tasks_skips_what_is_ignored():
    logits = {"segmentation": torch.randn(2, 3, 4, 4), "activity": torch.randn(2, 2)}
    masks = torch.randint(0, 3, (2, 4, 4))
    masks[0, :2] = 255
    losses = task_losses(logits, batch(masks, torch.tensor([1, NO_ACTIVITY])))
    kept = masks != 255
    flat = logits["segmentation"].permute(0, 2, 3, 1)[kept]
    torch.testing.assert_close(losses["segmentation"], F.cross_entropy(flat, masks[kept]))
    torch.testing.assert_close(losses["activity"], F.cross_entropy(logits["activity"][:1], torch.tensor([1])))


def test_a_batch_without_answers_costs_nothing_and_is_finite():
    logits = {"segmentation": torch.randn(2, 3, 4, 4, requires_grad=True), "activity": torch.randn(2, 2)}
    losses = task_losses(logits, batch(torch.full((2, 4, 4), 255), torch.full((2,), NO_ACTIVITY)))
    assert {task: loss.item() for task, loss in losses.items()} == {"segmentation": 0, "activity": 0}


def test_class_weights_are_inverse_square_roots_with_mean_one_over_the_pixels():
    masks = torch.zeros(1, 10, 10, dtype=torch.uint8)
    masks[0, 0, :4], masks[0, 1, :] = 1, 255
    weights = class_weights(masks, 3)
    assert weights[1] / weights[0] == pytest.approx((86 / 4) ** 0.5)
    assert (86 * weights[0] + 4 * weights[1]).item() / 90 == pytest.approx(1)
    assert weights[2] == 0


def test_the_learning_rate_rises_then_follows_a_cosine_to_zero():
    rates = [learning_rate(step, 100, peak=1.0) for step in range(101)]
    assert rates[0] == pytest.approx(0.2)
    assert max(rates) == rates[5] == 1
    assert rates[-1] == pytest.approx(0)
    assert all(later < earlier for earlier, later in pairwise(rates[5:]))


def test_miou_leaves_absent_classes_out():
    confusion = torch.tensor([[6, 2, 0], [0, 2, 0], [0, 0, 0]])
    assert miou(confusion) == pytest.approx((6 / 8 + 2 / 4) / 2)
