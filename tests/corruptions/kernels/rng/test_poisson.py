"""Poisson counts against scipy's distribution, and the compiled forms against torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_shape
from robustbench_endo.corruptions.kernels.rng.poisson import (
    poisson_counts,
    poisson_counts_torch,
    poisson_noise,
    poisson_noise_torch,
    rate_slices,
)
from robustbench_endo.corruptions.rng import Noise

NOISE = Noise((99,), torch.device("cpu"))


@pytest.mark.parametrize("rate", [0.03, 0.5, 3.03, 17.97, 60.0, 64.0, 100.2])
def test_poisson_counts_have_the_distribution_of_scipy(rate: float) -> None:
    counts = NOISE.poisson(torch.full((1, 400_000), rate), stream=0).numpy().astype(int).reshape(-1)
    observed = np.bincount(counts, minlength=1)
    expected = stats.poisson.pmf(np.arange(observed.size), rate) * counts.size
    common = expected > 10
    chi_square = np.sum((observed - expected)[common] ** 2 / expected[common])
    assert stats.chi2.sf(chi_square, common.sum()) > 1e-4
    assert abs(counts.mean() - rate) < 5 * (rate / counts.size) ** 0.5


def test_poisson_counts_of_rate_zero_are_zero() -> None:
    assert NOISE.poisson(torch.zeros(1, 3, 32, 32), stream=0).max() == 0


def test_poisson_counts_compiled_equal_torch() -> None:
    rate = NOISE.uniform((200_000,), 3) * 64
    first, second = NOISE.uniform((200_000,), 4), NOISE.uniform((200_000,), 5)
    assert torch.equal(poisson_counts(rate, first, second), poisson_counts_torch(rate, first, second))


def test_poisson_counts_of_a_pixel_do_not_depend_on_the_others() -> None:
    rate = torch.full((1, 1, 8, 8), 10.0)
    brighter = rate.clone()
    brighter[0, 0, 0, 0] = 500.0
    change = NOISE.poisson(rate, 0) != NOISE.poisson(brighter, 0)
    assert change.nonzero().tolist() == [[0, 0, 0, 0]]


@pytest.mark.parametrize("grain", [1.0, 2.7])
@pytest.mark.parametrize("photons", [0.5, 12.0, 64.0, 64.5, 200.0])
def test_poisson_noise_compiled_equals_torch(photons: float, grain: float) -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(2, 3, 41, 34, generator=generator)
    draws = torch.rand(2, 2 * rate_slices(photons), *cell_shape(images.shape[1:], grain), generator=generator)
    noisy = poisson_noise(images, photons, draws, grain)
    assert torch.allclose(noisy, poisson_noise_torch(images, photons, draws, grain), atol=1e-6)
    assert torch.allclose(noisy * photons, (noisy * photons).round(), atol=1e-3)


@pytest.mark.parametrize("photons", [3.0, 150.0])
def test_poisson_noise_has_the_mean_and_variance_of_poisson(photons: float) -> None:
    draws = torch.rand(1, 2 * rate_slices(photons), 3, 300, 300, generator=torch.Generator().manual_seed(2))
    counts = photons * poisson_noise(torch.full((1, 3, 300, 300), 0.8), photons, draws, 1.0)
    assert float(counts.mean()) == pytest.approx(0.8 * photons, rel=0.005)
    assert float(counts.var()) == pytest.approx(0.8 * photons, rel=0.02)
