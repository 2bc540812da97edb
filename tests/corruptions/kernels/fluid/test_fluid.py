"""From lattice to frame: extent, partition of unity, no overshoot, no crease."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_endo.corruptions.kernels.fluids.grid import frame_taps


@pytest.mark.parametrize(("size", "count"), [(256, 1024), (256, 256), (320, 641), (256, 257), (256, 32)])
def test_weights_are_shares(size: int, count: int) -> None:
    taps, _ = frame_taps((size, size), (count, count))
    assert taps.weights.min() >= 0
    assert taps.weights.sum(1) == pytest.approx(np.ones(count), abs=1e-6)
    assert taps.start.min() >= 0
    assert taps.start.max() + taps.weights.shape[1] <= size


@pytest.mark.parametrize("count", [700, 1024, 64])
def test_a_ramp_stays_in_place(count: int) -> None:
    ramp = (torch.arange(256) + 0.5) / 256
    resampled = frame_taps((256, 256), (count, count))[0].matrix(torch.device("cpu")) @ ramp
    expected = (torch.arange(count) + 0.5) / count
    inner = slice(count // 64 + 2, -(count // 64 + 2))
    assert torch.allclose(resampled[inner], expected[inner], atol=1e-5)


def test_the_slope_of_an_enlarged_step_does_not_jump() -> None:
    step = (torch.arange(64) >= 32).float()
    slope = (frame_taps((64, 64), (1024, 1024))[0].matrix(torch.device("cpu")) @ step).diff()
    assert slope.max() > 0.04
    assert slope.diff().abs().max() < 0.006
