"""Properties of DB-MTL."""

from __future__ import annotations

import torch

from robustbench_endo.training.weighting import load_weighting


def test_db_mtl_does_not_depend_on_the_scale_of_losses(system):
    losses, gradients = system(3)
    method = load_weighting("db_mtl", beta=0.0)
    combined = method.combine(losses, gradients)
    unit = gradients / gradients.norm(dim=1, keepdim=True)
    longest = (gradients / losses[:, None]).norm(dim=1).max()
    torch.testing.assert_close(combined.shared, longest * unit.sum(dim=0), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(combined.factors, 1 / losses)
    scales = torch.tensor([1.0, 1000.0, 0.01])
    scaled = load_weighting("db_mtl", beta=0.0).combine(losses * scales, gradients * scales[:, None])
    torch.testing.assert_close(scaled.shared, combined.shared, rtol=1e-4, atol=1e-4)


def test_db_mtl_momentum_decays_with_beta_sigma(system):
    losses, gradients = system()
    method = load_weighting("db_mtl", beta=0.9, beta_sigma=0.5)
    for _ in range(2):
        method.combine(losses, gradients)
    u = gradients / losses[:, None]
    second = 0.9 / 2**0.5
    torch.testing.assert_close(method.smoothed, (1 - second * 0.9) * u, rtol=1e-5, atol=1e-6)
