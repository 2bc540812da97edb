"""Gaussian noise."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.corruptions.noise.gaussian_noise import GaussianNoise


def test_gaussian_noise_has_the_std_of_its_parameters() -> None:
    corrupted = GaussianNoise()(torch.full((1, 3, 256, 256), 0.5), 1, ["a"]).images
    assert float(corrupted.std()) == pytest.approx(0.08, rel=0.01)
