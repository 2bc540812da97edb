"""Properties of Aligned-MTL."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.training.weighting import load_weighting
from robustbench_endo.training.weighting.aligned_mtl import balance


@pytest.mark.parametrize("tasks", [2, 3])
def test_balance_gives_condition_number_one(tasks, system):
    _, gradients = system(tasks)
    assert torch.linalg.cond(gradients) > 10
    balanced = balance(gradients @ gradients.T) @ gradients.double()
    assert torch.linalg.cond(balanced).item() == pytest.approx(1, abs=1e-4)
    shortest = torch.linalg.svdvals(gradients.double()).min()
    torch.testing.assert_close(balanced.norm(dim=1), shortest.expand(tasks), rtol=1e-4, atol=0)


def test_aligned_mtl_never_raises_a_loss(system):
    for seed in range(50):
        losses, gradients = system(3, seed=seed)
        step = load_weighting("aligned_mtl").combine(losses, gradients).shared
        assert (gradients @ step > 0).all()


@pytest.mark.parametrize("tasks", [2, 3])
def test_aligned_mtl_equals_torchjd_with_equal_preferences(tasks, system):
    pytest.importorskip("torchjd")
    losses, gradients = system(tasks)
    theirs = load_weighting("torchjd:alignedmtl", pref_vector=[1.0] * tasks).combine(losses, gradients)
    ours = load_weighting("aligned_mtl").combine(losses, gradients)
    torch.testing.assert_close(ours.weights, theirs.weights, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(ours.shared, theirs.shared, rtol=1e-4, atol=1e-5)
