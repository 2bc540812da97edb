"""Shot noise."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.corruptions.noise.shot_noise import ShotNoise


def test_shot_noise_counts_integer_photons_with_poisson_variance() -> None:
    corrupted = ShotNoise()(torch.full((1, 3, 256, 256), 0.3), 2, ["a"]).images
    photons = corrupted * 25
    assert torch.allclose(photons, photons.round(), atol=1e-4)
    assert float(photons.var()) == pytest.approx(7.5, rel=0.03)
