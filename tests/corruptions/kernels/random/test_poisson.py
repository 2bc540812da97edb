"""Poisson counts against scipy's distribution, and the compiled form against torch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from robustbench_endo.corruptions.kernels.rng import poisson
from robustbench_endo.corruptions.rng import Noise

NOISE = Noise((99,), torch.device("cpu"))


@pytest.mark.parametrize("rate", [0.03, 0.5, 3.03, 17.97, 60.0, 64.0, 100.2])
def test_distribution(rate: float) -> None:
    counts = NOISE.poisson(torch.full((1, 400_000), rate), stream=0).numpy().astype(int).reshape(-1)
    observed = np.bincount(counts, minlength=1)
    expected = stats.poisson.pmf(np.arange(observed.size), rate) * counts.size
    common = expected > 10
    chi_square = np.sum((observed - expected)[common] ** 2 / expected[common])
    assert stats.chi2.sf(chi_square, common.sum()) > 1e-4
    assert abs(counts.mean() - rate) < 5 * (rate / counts.size) ** 0.5


def test_rate_zero_counts_nothing() -> None:
    assert NOISE.poisson(torch.zeros(1, 3, 32, 32), stream=0).max() == 0


def test_compiled_counts_are_the_counts_of_torch() -> None:
    rate = NOISE.uniform((200_000,), 3) * 64
    first, second = NOISE.uniform((200_000,), 4), NOISE.uniform((200_000,), 5)
    plain = poisson.poisson_counts_torch(rate, first, second)
    assert torch.equal(poisson.poisson_counts(rate, first, second), plain)


def test_a_pixel_does_not_depend_on_the_others() -> None:
    rate = torch.full((1, 1, 8, 8), 10.0)
    brighter = rate.clone()
    brighter[0, 0, 0, 0] = 500.0
    change = NOISE.poisson(rate, 0) != NOISE.poisson(brighter, 0)
    assert change.nonzero().tolist() == [[0, 0, 0, 0]]
