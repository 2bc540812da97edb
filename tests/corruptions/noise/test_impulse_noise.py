"""Impulse noise."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.corruptions.noise.impulse_noise import ImpulseNoise


def test_impulse_noise_makes_as_much_salt_as_pepper_in_each_channel() -> None:
    corrupted = ImpulseNoise()(torch.full((1, 3, 256, 256), 0.5), 5, ["a"]).images[0]
    for channel in corrupted:
        assert float((channel == 0).float().mean()) == pytest.approx(0.135, abs=0.008)
        assert float((channel == 1).float().mean()) == pytest.approx(0.135, abs=0.008)
    assert not torch.equal(corrupted[0], corrupted[1])
