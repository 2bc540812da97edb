"""Edge enhancement."""

from __future__ import annotations

import torch

from robustbench_endo.corruptions.surgical.edge_enhancement import EdgeEnhancement


def test_edge_enhancement_overshoots_at_an_edge_and_keeps_flat_areas() -> None:
    image = torch.full((1, 3, 32, 64), 0.3)
    image[..., 32:] = 0.6
    line = EdgeEnhancement()(image, 3, ["a"], reference_size=None).images[0, 0, 16]
    assert line.max() > 0.7
    assert line.min() < 0.2
    assert torch.allclose(line[:20], torch.tensor(0.3), atol=1e-4)


def test_edge_enhancement_leaves_the_differences_between_colours() -> None:
    image = 0.3 + 0.2 * torch.rand(1, 3, 32, 32)
    sharp = EdgeEnhancement()(image, 1, ["a"]).images
    assert torch.allclose(sharp[:, 0] - sharp[:, 1], image[:, 0] - image[:, 1], atol=1e-5)
