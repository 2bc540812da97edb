"""Warped label maps."""

from __future__ import annotations

import torch

from robustbench_endo.corruptions.kernels.interpolation.warp_labels import warp_labels, warp_labels_torch


def test_compiled_labels_equal_those_of_torch() -> None:
    generator = torch.Generator().manual_seed(0)
    masks = torch.randint(0, 256, (2, 37, 41), dtype=torch.uint8, generator=generator)
    grid = torch.rand(2, 37, 41, 2, generator=generator) * 2.4 - 1.2  # a tenth lies outside on either side
    grid[0, :, :, 0] = ((torch.arange(41) * 2 + 2) / 41 - 1).float()  # on the edges between pixels
    assert torch.equal(warp_labels(masks, grid), warp_labels_torch(masks, grid))


def test_labels_of_other_types_are_warped() -> None:
    masks, grid = torch.arange(12).view(1, 3, 4), torch.zeros(1, 1, 1, 2)
    assert warp_labels(masks, grid).tolist() == [[[6]]]
