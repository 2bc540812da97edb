"""The noise against what its definition says."""

import numpy as np
import pytest

from robustbench_endo.data.synthetic.low_frequency_noise import (
    cells,
    draw_lattice,
    fractal_noise,
    gradient_noise,
    smoothstep,
)

LATTICE = draw_lattice(np.random.default_rng(0))
PLACES = np.random.default_rng(1).uniform(-20.0, 20.0, size=(200, 2))


def test_gradient_noise_is_zero_on_the_lattice_with_its_slopes() -> None:
    step = 1e-6
    for x, y in [(0.0, 0.0), (5.0, 9.0), (-3.0, 63.0)]:
        assert gradient_noise(LATTICE, 0, x, y) == 0.0
        slope = gradient_noise(LATTICE, 0, x + step, y) / step, gradient_noise(LATTICE, 0, x, y + step) / step
        assert slope == pytest.approx(1.6 * LATTICE[int(y) % 64, int(x) % 64], abs=1e-4)


def test_gradient_noise_is_smooth_and_repeats() -> None:
    for x, y in PLACES:
        value = gradient_noise(LATTICE, 3, x, y)
        assert abs(value) < 1.7
        assert gradient_noise(LATTICE, 3, x + 1e-7, y) == pytest.approx(value, abs=1e-5)
        assert gradient_noise(LATTICE, 3, x + 64, y - 128) == pytest.approx(value, abs=1e-9)


def test_gradient_noise_has_mean_zero() -> None:
    values = [gradient_noise(LATTICE, 0, x, y) for x in np.arange(0.05, 64, 0.7) for y in np.arange(0.05, 64, 0.7)]
    assert abs(np.mean(values)) < 0.02
    assert 0.2 < np.std(values) < 0.5


def test_one_octave_is_gradient_noise() -> None:
    x, y = PLACES[0]
    assert fractal_noise(LATTICE, 2, x, y, 1) == gradient_noise(LATTICE, 2, x, y)


def test_cells_find_the_two_nearest_centres() -> None:
    columns, rows = np.meshgrid(np.arange(64), np.arange(64))
    centres = np.stack((columns, rows), axis=-1) + 0.5 + 0.4 * LATTICE
    for x, y in PLACES % 56 + 4:
        distances = np.hypot(*(centres - (x, y)).reshape(-1, 2).T)
        first, second = np.argsort(distances)[:2]
        near, after, cell, other = cells(LATTICE, 0, x, y)
        assert (near, after) == pytest.approx((distances[first], distances[second]), abs=1e-5)
        assert (cell, other) == (first, second)


def test_smoothstep() -> None:
    assert [smoothstep(1.0, 3.0, x) for x in (0.0, 1.0, 2.0, 3.0, 9.0)] == [0.0, 0.0, 0.5, 1.0, 1.0]
