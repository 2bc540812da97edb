"""Heights of drops and runs: both forms, and a cap by hand."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.corruptions.kernels.fluids.droplets import trail_heights, trail_heights_torch


def test_trail_heights_compiled_agrees_with_torch() -> None:
    generator = torch.Generator().manual_seed(0)
    low = torch.tensor([0.0, 0.0, 0.6, 0.8, 5.0, 3.0, 1.0, 0.0, 0.0, 0.0])
    span = torch.tensor([60.0, 80.0, 0.0, 0.0, 20.0, 5.0, 3.0, 2.0, 3.0, 1.0])
    trails = low + span * torch.rand(2, 7, 10, generator=generator)
    warp = torch.randn(2, 2, 60, 80, generator=generator)
    heights = trail_heights(trails, warp)
    assert heights.max() > 1
    assert torch.allclose(heights, trail_heights_torch(trails, warp), rtol=0, atol=1e-4)


def test_trail_heights_of_a_drop_is_a_parabola() -> None:
    # A trail of almost no length and equal radii is a round drop.
    drop = torch.tensor([[[16.0, 20.0, 1.0, 0.0, 1e-3, 6.0, 6.0, 0.0, 1.0, 0.0]]])
    heights = trail_heights(drop, torch.zeros(1, 2, 32, 40))[0, 0]
    assert float(heights[16, 20]) == pytest.approx(6.0, rel=1e-3)
    assert float(heights[16, 23]) == pytest.approx(6.0 * (1 - (3 / 6) ** 2), rel=1e-3)
    assert float(heights[16, 26]) == pytest.approx(0.0, abs=1e-2)
    assert float(heights[4, 4]) == 0.0
