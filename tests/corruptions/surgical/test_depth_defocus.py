"""Depth-dependent defocus."""

from __future__ import annotations

import torch

from robustbench_endo.corruptions.surgical.depth_defocus import DepthDefocus


def test_depth_defocus_blurs_near_and_far_tissue_differently() -> None:
    texture = 0.8 + 0.2 * torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    images = texture * torch.linspace(0.2, 1.0, 96)[:, None]
    ratios = []
    for name in "abcdefgh":
        change = (DepthDefocus()(images, 5, [name]).images - images).abs() / images
        ratios.append(float(change[..., 5:25, 10:-10].mean() / change[..., -25:-5, 10:-10].mean()))
    assert min(ratios) < 0.5
    assert max(ratios) > 2


def test_depth_defocus_of_a_flat_frame_is_the_frame() -> None:
    images = torch.full((1, 3, 64, 64), 0.5)
    assert torch.allclose(DepthDefocus()(images, 5, ["a"]).images, images, atol=1e-3)
