"""Masks go where the picture went, as everywhere else in the package."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from robustbench_endo.corruptions import CorruptedBatch, warp_masks


def test_equals_grid_sample_keeps_the_border_and_the_type() -> None:
    torch.manual_seed(0)
    masks = torch.randint(0, 7, (2, 33, 40))
    grid = F.affine_grid(torch.eye(2, 3)[None], [1, 1, 33, 40], align_corners=False)
    assert torch.equal(warp_masks(masks[:1], grid), masks[:1])
    shaken = grid.expand(2, -1, -1, -1) + 0.1 * torch.randn(2, 33, 40, 2)
    expected = F.grid_sample(masks[:, None].double(), shaken.double(), "nearest", "border", align_corners=False)
    warped = warp_masks(masks, shaken)
    assert warped.dtype == masks.dtype
    assert float((warped != expected[:, 0].long()).float().mean()) < 1e-3


def test_damage_warps_what_it_moved_and_leaves_the_rest_alone() -> None:
    masks = torch.randint(0, 7, (1, 48, 64), dtype=torch.uint8)
    images, grid = torch.rand(1, 3, 48, 64), 2.2 * torch.rand(1, 48, 64, 2) - 1.1
    assert torch.equal(CorruptedBatch(images, grid).warp(masks), warp_masks(masks, grid))
    assert CorruptedBatch(images).warp(masks) is masks
