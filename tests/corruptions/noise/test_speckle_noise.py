"""Speckle noise."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.corruptions.noise.speckle_noise import SpeckleNoise


def test_speckle_noise_spares_black_and_scales_with_brightness() -> None:
    images = torch.zeros(1, 3, 256, 256)
    images[..., 128:] = 0.4
    corrupted = SpeckleNoise()(images, 1, ["a"]).images
    assert corrupted[..., :128].max() == 0
    assert float(corrupted[..., 128:].std()) == pytest.approx(0.15 * 0.4, rel=0.01)
