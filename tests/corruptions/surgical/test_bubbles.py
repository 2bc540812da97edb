"""Bubbles."""

from __future__ import annotations

import dataclasses

import torch

from robustbench_endo.corruptions.surgical.bubbles import Bubbles, BubblesParams


def test_bubbles_return_the_grid_that_moved_the_scene() -> None:
    images = torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    batch = Bubbles()(images, 4, ["a"])
    assert batch.grid is not None
    assert batch.opacity is not None
    sampled = torch.nn.functional.grid_sample(images, batch.grid, padding_mode="reflection", align_corners=False)
    clear = (batch.opacity == 0).expand_as(images)
    assert clear.float().mean() > 0.3
    assert torch.allclose(batch.images[clear], sampled[clear], atol=1e-4)


def test_bubbles_show_the_scene_reduced() -> None:
    single = Bubbles(tuple(BubblesParams(1, 20.0, 0.0) for _ in range(5)))
    grid = single(torch.rand(1, 3, 128, 128), 1, ["a"], reference_size=None).grid
    assert grid is not None
    still = Bubbles(tuple(dataclasses.replace(item, count=0) for item in single.severities))
    base = still(torch.rand(1, 3, 128, 128), 1, ["a"], reference_size=None).grid
    assert base is not None
    moved = (grid - base).abs().sum(-1) > 1e-4
    assert 0.001 < moved.float().mean() < 0.5
    # The rays diverge: neighbours inside the bubble are sampled farther apart.
    spacing = (grid[0, :, 1:, 0] - grid[0, :, :-1, 0])[moved[0, :, 1:] & moved[0, :, :-1]]
    assert spacing.median() > 1.2 * 2 / 128


def test_bubbles_of_a_severity_remain_at_the_next() -> None:
    images = torch.full((1, 3, 96, 96), 0.5)
    few, many = (
        Bubbles(tuple(BubblesParams(count, 6.0, 0.0) for _ in range(5)))(images, 1, ["a"]).opacity for count in (3, 9)
    )
    assert few is not None
    assert many is not None
    assert (many >= few).all()
    assert many.sum() > few.sum()
