"""Properties of STCH."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.training.weighting import load_weighting


def stch_after_warm_up(losses, gradients, **options):
    method = load_weighting("stch", warmup_epoch=0, **options)
    method.start_epoch(0)
    method.combine(torch.ones_like(losses), gradients)
    method.start_epoch(1)
    return method


def test_stch_is_the_gradient_of_a_smooth_maximum_of_log_losses(system):
    start, gradients = system(3)
    losses = start.clone().requires_grad_()
    smooth = 3 * 0.5 * (losses.log() / 0.5).logsumexp(dim=0)
    (expected,) = torch.autograd.grad(smooth, losses)
    combined = stch_after_warm_up(start, gradients, mu=0.5).combine(start, gradients)
    torch.testing.assert_close(combined.factors, expected)
    torch.testing.assert_close(combined.shared, expected @ gradients)


def test_stch_limits_are_the_worst_task_and_equal_weights(system):
    losses, gradients = torch.tensor([0.5, 2.0]), system()[1]
    hard = stch_after_warm_up(losses, gradients, mu=0.01).combine(losses, gradients)
    torch.testing.assert_close(hard.factors, torch.tensor([0.0, 2 / 2.0]))
    soft = stch_after_warm_up(losses, gradients, mu=1e4).combine(losses, gradients)
    torch.testing.assert_close(soft.factors, 1 / losses, rtol=1e-3, atol=0)


def test_stch_warms_up_on_log_losses_and_stores_the_mean_of_the_last_epoch(system):
    _, gradients = system()
    method = load_weighting("stch", warmup_epoch=1)
    for epoch, losses in ((0, [9.0, 9.0]), (1, [1.0, 4.0]), (1, [3.0, 0.0])):
        method.start_epoch(epoch)
        combined = method.combine(torch.tensor(losses), gradients)
    assert combined.factors[0] == pytest.approx(1 / 3)
    method.start_epoch(2)
    assert method.combine(torch.tensor([2.0, 4.0]), gradients).factors.tolist() == pytest.approx([2 / 4, 2 / 8])


def test_stch_without_warm_up_uses_a_nadir_of_one(system):
    losses, gradients = system()
    method = load_weighting("stch", warmup_epoch=0)
    method.start_epoch(3)
    expected = 2 * losses.softmax(0).new_tensor((losses / losses.sum()).tolist()) / losses
    torch.testing.assert_close(method.combine(losses, gradients).factors, expected)
