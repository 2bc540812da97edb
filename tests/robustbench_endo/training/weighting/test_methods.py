"""What each method's paper says of it, as properties."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.training.weighting import load_weighting
from robustbench_endo.training.weighting.aligned_mtl import balance


def system(tasks=2, size=20, seed=0, scales=(1.0, 30.0, 0.1)):
    """Losses and gradients of different lengths."""
    generator = torch.Generator().manual_seed(seed)
    gradients = torch.randn(tasks, size, generator=generator) * torch.tensor(scales[:tasks])[:, None]
    return torch.rand(tasks, generator=generator) + 0.1, gradients


@pytest.mark.parametrize("tasks", [2, 3])
def test_equal_is_the_sum(tasks):
    losses, gradients = system(tasks)
    combined = load_weighting("equal").combine(losses, gradients)
    torch.testing.assert_close(combined.shared, gradients.sum(dim=0))
    assert combined.own.tolist() == combined.weights.tolist() == [1.0] * tasks


@pytest.mark.parametrize("tasks", [2, 3])
def test_aligned_mtl_balances_the_gradient_system_to_condition_number_one(tasks):
    _, gradients = system(tasks)
    assert torch.linalg.cond(gradients) > 10
    balanced = balance(gradients @ gradients.T) @ gradients.double()
    assert torch.linalg.cond(balanced).item() == pytest.approx(1, abs=1e-4)
    shortest = torch.linalg.svdvals(gradients.double()).min()
    torch.testing.assert_close(balanced.norm(dim=1), shortest.expand(tasks), rtol=1e-4, atol=0)


def test_aligned_mtl_never_raises_a_tasks_loss():
    for seed in range(50):
        losses, gradients = system(3, seed=seed)
        step = load_weighting("aligned_mtl").combine(losses, gradients).shared
        assert (gradients @ step > 0).all()


@pytest.mark.parametrize("tasks", [2, 3])
def test_aligned_mtl_is_torchjds_with_preferences_of_one(tasks):
    pytest.importorskip("torchjd")
    losses, gradients = system(tasks)
    theirs = load_weighting("torchjd:alignedmtl", pref_vector=[1.0] * tasks).combine(losses, gradients)
    ours = load_weighting("aligned_mtl").combine(losses, gradients)
    torch.testing.assert_close(ours.weights, theirs.weights, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(ours.shared, theirs.shared, rtol=1e-4, atol=1e-5)


def test_db_mtl_steps_along_gradients_of_one_length_whatever_the_losses_scales():
    losses, gradients = system(3)
    method = load_weighting("db_mtl", beta=0.0)
    combined = method.combine(losses, gradients)
    unit = gradients / gradients.norm(dim=1, keepdim=True)
    longest = (gradients / losses[:, None]).norm(dim=1).max()
    torch.testing.assert_close(combined.shared, longest * unit.sum(dim=0), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(combined.own, 1 / losses)
    scales = torch.tensor([1.0, 1000.0, 0.01])
    scaled = load_weighting("db_mtl", beta=0.0).combine(losses * scales, gradients * scales[:, None])
    torch.testing.assert_close(scaled.shared, combined.shared, rtol=1e-4, atol=1e-4)


def test_db_mtl_forgets_less_and_less():
    losses, gradients = system()
    method = load_weighting("db_mtl", beta=0.9, beta_sigma=0.5)
    for _ in range(2):
        method.combine(losses, gradients)
    u = gradients / losses[:, None]
    second = 0.9 / 2**0.5
    torch.testing.assert_close(method.smoothed, (1 - second * 0.9) * u, rtol=1e-5, atol=1e-6)


def test_moco_weights_are_a_distribution_that_turns_to_the_shorter_gradient():
    gradients = system(scales=(1.0, 1.0))[1]
    method = load_weighting("moco", gamma=0.5)
    for _ in range(200):
        combined = method.combine(torch.tensor([2.0, 1.0]), gradients)
    assert combined.weights.sum().item() == pytest.approx(1)
    assert combined.weights[0] < combined.weights[1]
    torch.testing.assert_close(combined.shared, combined.weights @ method.tracked)


def test_moco_tracks_noisy_gradients_with_less_error_than_a_single_one_has():
    _, truth = system(scales=(1.0, 1.0), size=500)
    truth = truth / truth.norm(dim=1, keepdim=True)
    generator = torch.Generator().manual_seed(1)
    method, single = load_weighting("moco"), 0.0
    for _ in range(100):
        noisy = truth + 0.05 * torch.randn(truth.shape, generator=generator)
        method.combine(torch.ones(2), noisy)
        single = (noisy / noisy.norm(dim=1, keepdim=True) - truth).norm()
    shrunk = (noisy / noisy.norm(dim=1, keepdim=True) * truth).sum(dim=1, keepdim=True)
    assert (method.tracked - shrunk * truth).norm() < 0.5 * single


def stch_after_warm_up(losses, gradients, **options):
    method = load_weighting("stch", warmup_epoch=0, **options)
    method.start_epoch(0)
    method.combine(torch.ones_like(losses), gradients)
    method.start_epoch(1)
    return method


def test_stch_is_the_gradient_of_the_smooth_maximum_of_the_log_losses():
    start, gradients = system(3)
    losses = start.clone().requires_grad_()
    smooth = 3 * 0.5 * (losses.log() / 0.5).logsumexp(dim=0)
    (expected,) = torch.autograd.grad(smooth, losses)
    combined = stch_after_warm_up(start, gradients, mu=0.5).combine(start, gradients)
    torch.testing.assert_close(combined.own, expected)
    torch.testing.assert_close(combined.shared, expected @ gradients)


def test_stch_in_its_limits_is_the_worst_task_or_all_alike():
    losses, gradients = torch.tensor([0.5, 2.0]), system()[1]
    hard = stch_after_warm_up(losses, gradients, mu=0.01).combine(losses, gradients)
    torch.testing.assert_close(hard.own, torch.tensor([0.0, 2 / 2.0]))
    soft = stch_after_warm_up(losses, gradients, mu=1e4).combine(losses, gradients)
    torch.testing.assert_close(soft.own, 1 / losses, rtol=1e-3, atol=0)


def test_stch_warms_up_on_the_sum_of_logarithms_and_remembers_the_mean_of_its_last_epoch():
    _, gradients = system()
    method = load_weighting("stch", warmup_epoch=1)
    for epoch, losses in ((0, [9.0, 9.0]), (1, [1.0, 4.0]), (1, [3.0, 0.0])):
        method.start_epoch(epoch)
        combined = method.combine(torch.tensor(losses), gradients)
    assert combined.own[0] == pytest.approx(1 / 3)
    method.start_epoch(2)
    assert method.combine(torch.tensor([2.0, 4.0]), gradients).own.tolist() == pytest.approx([2 / 4, 2 / 8])


def test_stch_without_a_warm_up_measures_against_one():
    losses, gradients = system()
    method = load_weighting("stch", warmup_epoch=0)
    method.start_epoch(3)
    expected = 2 * losses.softmax(0).new_tensor((losses / losses.sum()).tolist()) / losses
    torch.testing.assert_close(method.combine(losses, gradients).own, expected)
