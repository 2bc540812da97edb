"""Properties of MoCo."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.training.weighting import load_weighting


def test_moco_weights_are_a_distribution_and_favour_the_shorter_gradient(system):
    gradients = system(scales=(1.0, 1.0))[1]
    method = load_weighting("moco", gamma=0.5)
    for _ in range(200):
        combined = method.combine(torch.tensor([2.0, 1.0]), gradients)
    assert combined.weights.sum().item() == pytest.approx(1)
    assert combined.weights[0] < combined.weights[1]
    torch.testing.assert_close(combined.shared, combined.weights @ method.tracked)


def test_moco_tracks_noisy_gradients_more_closely_than_a_single_one(system):
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
