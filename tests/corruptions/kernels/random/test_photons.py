"""Photon counts of pictures: the compiled form against torch, with one chunk of photons and with several."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_shape
from robustbench_endo.corruptions.kernels.rng.poisson import chunks_of, photon_counts, photon_counts_torch


@pytest.mark.parametrize("grain", [1.0, 2.7])
@pytest.mark.parametrize("photons", [0.5, 12.0, 64.0, 64.5, 200.0])
def test_compiled_is_torch(photons: float, grain: float) -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(2, 3, 41, 34, generator=generator)
    draws = torch.rand(2, 2 * chunks_of(photons), *cell_shape(images.shape[1:], grain), generator=generator)
    counts = photon_counts(images, photons, draws, grain)
    assert torch.allclose(counts, photon_counts_torch(images, photons, draws, grain), atol=1e-6)
    assert torch.allclose(counts * photons, (counts * photons).round(), atol=1e-3)


@pytest.mark.parametrize("photons", [3.0, 150.0])
def test_mean_and_variance_are_those_of_poisson(photons: float) -> None:
    draws = torch.rand(1, 2 * chunks_of(photons), 3, 300, 300, generator=torch.Generator().manual_seed(2))
    counts = photons * photon_counts(torch.full((1, 3, 300, 300), 0.8), photons, draws, 1.0)
    assert float(counts.mean()) == pytest.approx(0.8 * photons, rel=0.005)
    assert float(counts.var()) == pytest.approx(0.8 * photons, rel=0.02)
