"""Lens distortion."""

from __future__ import annotations

import torch

from robustbench_endo.corruptions.surgical.lens_distortion import LensDistortion


def test_lens_distortion_moves_masks_as_the_green_channel() -> None:
    mask = torch.zeros(1, 64, 80, dtype=torch.int64)
    mask[:, 20:40, 30:60] = 1
    batch = LensDistortion()(0.3 + 0.6 * mask[:, None].expand(-1, 3, -1, -1), 4, ["a"])
    same = batch.warp(mask).bool() == (batch.images[:, 1] > 0.6)
    assert same.float().mean() > 0.99
    assert not torch.equal(batch.warp(mask), mask)


def test_lens_distortion_magnifies_the_centre_and_keeps_the_corners() -> None:
    grid = LensDistortion()(torch.rand(1, 3, 64, 64), 5, ["a"]).grid
    assert grid is not None
    still = (torch.arange(64) + 0.5) / 32 - 1
    assert grid[0, 0, 0].tolist() == [*(still[[0, 0]] * (1 - 0.26 + 0.26 * (63 / 64) ** 2)).tolist()]
    assert torch.allclose(grid[0, 32, 32], still[[32, 32]] * 0.74, atol=1e-3)


def test_lens_distortion_separates_the_colours_towards_the_corner() -> None:
    image = torch.full((1, 3, 64, 64), 0.3)
    image[..., 8:10] = 0.9
    red, _, blue = LensDistortion()(image, 5, ["a"], reference_size=32).images[0, :, 32] - 0.3
    x = torch.arange(64.0)
    assert (red * x).sum() / red.sum() < (blue * x).sum() / blue.sum() - 2
