"""Sampling at a grid against torch."""

from __future__ import annotations

import torch

from robustbench_endo.corruptions.kernels.interpolation.remap import identity_grid, remap, remap_torch


def test_remap_agrees_with_grid_sample_also_beyond_the_edges() -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(2, 3, 37, 52, generator=generator)
    grid = torch.rand(2, 40, 44, 2, generator=generator) * 5 - 2.5
    assert torch.allclose(remap(images, grid), remap_torch(images, grid), atol=1e-4)


def test_remap_by_the_identity_grid_changes_nothing() -> None:
    images = torch.rand(1, 3, 35, 48, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(remap(images, identity_grid(35, 48, images.device)), images, atol=1e-5)
