"""Noise compared with its definition."""

import numpy as np
import pytest

from robustbench_endo.data.synthetic.low_frequency_noise import (
    fractal_noise,
    interpolate_column,
    interpolate_row,
    low_frequency_fields,
    perlin_noise,
    sample_noise_table,
    smoothstep,
    worley_cells,
)
from robustbench_endo.data.synthetic.view import View

NOISE = sample_noise_table(np.random.default_rng(0))
POINTS = np.random.default_rng(1).uniform(-20.0, 20.0, size=(200, 2))


def test_perlin_noise_is_zero_at_the_nodes_with_their_gradients() -> None:
    step = 1e-6
    for x, y in [(0.0, 0.0), (5.0, 9.0), (-3.0, 63.0)]:
        assert perlin_noise(NOISE, 0, x, y) == 0.0
        slope = perlin_noise(NOISE, 0, x + step, y) / step, perlin_noise(NOISE, 0, x, y + step) / step
        assert slope == pytest.approx(1.6 * NOISE[int(y) % 64, int(x) % 64], abs=1e-4)


def test_perlin_noise_is_smooth_and_repeats() -> None:
    for x, y in POINTS:
        value = perlin_noise(NOISE, 3, x, y)
        assert abs(value) < 1.7
        assert perlin_noise(NOISE, 3, x + 1e-7, y) == pytest.approx(value, abs=1e-5)
        assert perlin_noise(NOISE, 3, x + 64, y - 128) == pytest.approx(value, abs=1e-9)


def test_perlin_noise_has_mean_zero() -> None:
    values = [perlin_noise(NOISE, 0, x, y) for x in np.arange(0.05, 64, 0.7) for y in np.arange(0.05, 64, 0.7)]
    assert abs(np.mean(values)) < 0.02
    assert 0.2 < np.std(values) < 0.5


def test_fractal_noise_of_one_octave_is_perlin_noise() -> None:
    x, y = POINTS[0]
    assert fractal_noise(NOISE, 2, x, y, 1) == perlin_noise(NOISE, 2, x, y)


def test_worley_cells_returns_the_two_nearest_centres() -> None:
    columns, rows = np.meshgrid(np.arange(64), np.arange(64))
    centres = np.stack((columns, rows), axis=-1) + 0.5 + 0.4 * NOISE
    for x, y in POINTS % 56 + 4:
        distances = np.hypot(*(centres - (x, y)).reshape(-1, 2).T)
        first, second = np.argsort(distances)[:2]
        near, after, cell, other = worley_cells(NOISE, 0, x, y)
        assert (near, after) == pytest.approx((distances[first], distances[second]), abs=1e-5)
        assert (cell, other) == (first, second)


def test_smoothstep_is_cubic_between_its_limits() -> None:
    assert [smoothstep(1.0, 3.0, x) for x in (0.0, 1.0, 2.0, 3.0, 9.0)] == [0.0, 0.0, 0.5, 1.0, 1.0]


def test_interpolate_row_and_column_reproduce_linear_fields() -> None:
    """A cubic B-spline over nodes on a plane is that plane."""
    rows, columns = np.indices((8, 9)).astype(float)
    nodes = np.repeat((2.0 * rows + 3.0 * columns)[..., None], 5, axis=2)
    row, fields = np.empty((9, 5)), np.empty(5)
    for i, j in ((0, 0), (5, 7), (11, 2)):
        interpolate_row(nodes, i, 4, row)
        interpolate_column(row, j, 4, fields)
        assert fields == pytest.approx(2.0 * (i / 4 + 1) + 3.0 * (j / 4 + 1))


def test_low_frequency_fields_covers_the_frame_with_a_margin_of_nodes() -> None:
    view = View(0.0, 0.0, 1.0, 0.0, 1.0, 0.3)
    nodes = low_frequency_fields(NOISE, view, 64, 80, 4)
    assert nodes.shape == (64 // 4 + 4, 80 // 4 + 4, 5)
    assert 0.1 < np.abs(nodes).max() < 3
