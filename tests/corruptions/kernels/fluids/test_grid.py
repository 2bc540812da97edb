"""Coarse grids: their size and coordinates, and interpolation between grid and frame."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_endo.corruptions.kernels.fluids.grid import (
    CoarseGrid,
    coarse_grid_size,
    fractal_spline_noise,
    frame_weights,
    spline_noise,
    to_coarse_grid,
    to_frame,
)
from robustbench_endo.corruptions.rng import Noise

CPU = torch.device("cpu")


def test_coarse_grid_size_is_independent_of_the_resolution() -> None:
    assert coarse_grid_size((512, 640), 2.0) == coarse_grid_size((1024, 1280), 4.0) == (256, 320)
    assert to_frame(torch.rand(1, 1, 256, 320), (256, 320)).shape == (1, 1, 256, 320)


@pytest.mark.parametrize("size", [(32, 32), (256, 320), (1024, 1280), (480, 270), (47, 65)])
def test_coarse_grid_has_the_same_short_side_for_every_frame(size: tuple[int, int]) -> None:
    grid = CoarseGrid.of(size)
    assert min(grid.rows, grid.columns) == 256
    assert grid.rows / grid.columns == pytest.approx(size[0] / size[1], rel=0.01)
    assert to_coarse_grid(torch.rand(1, 3, *size), grid.size).shape == (1, 3, *grid.size)
    assert to_frame(torch.rand(1, 1, *grid.size), size).shape == (1, 1, *size)


def test_coarse_grid_coordinates_are_centred() -> None:
    grid = CoarseGrid.of((256, 320))
    x, y = grid.coordinates(CPU)
    assert x.sum() == y.sum() == 0
    assert grid.squared_radius(CPU)[0, 0, 0] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(("size", "count"), [(256, 1024), (256, 256), (320, 641), (256, 257), (256, 32)])
def test_frame_weights_are_a_partition_of_unity(size: int, count: int) -> None:
    weights, _ = frame_weights((size, size), (count, count))
    assert weights.weights.min() >= 0
    assert weights.weights.sum(1) == pytest.approx(np.ones(count), abs=1e-6)
    assert weights.start.min() >= 0
    assert weights.start.max() + weights.weights.shape[1] <= size


@pytest.mark.parametrize("count", [700, 1024, 64])
def test_frame_weights_keep_a_ramp_in_position(count: int) -> None:
    ramp = (torch.arange(256) + 0.5) / 256
    resampled = frame_weights((256, 256), (count, count))[0].matrix(CPU) @ ramp
    expected = (torch.arange(count) + 0.5) / count
    inner = slice(count // 64 + 2, -(count // 64 + 2))
    assert torch.allclose(resampled[inner], expected[inner], atol=1e-5)


def test_frame_weights_enlarge_a_step_without_a_crease() -> None:
    step = (torch.arange(64) >= 32).float()
    slope = (frame_weights((64, 64), (1024, 1024))[0].matrix(CPU) @ step).diff()
    assert slope.max() > 0.04
    assert slope.diff().abs().max() < 0.006


def test_spline_noise_has_mean_0_and_variance_1() -> None:
    noise = Noise(tuple(range(16)), CPU)
    for field in (spline_noise(noise, (128, 160), 8.0, 0), fractal_spline_noise(noise, (128, 160), 16.0, 3, 0)):
        assert field.shape == (16, 1, 128, 160)
        assert field.mean() == pytest.approx(0, abs=0.05)
        assert field.std() == pytest.approx(1, abs=0.05)
