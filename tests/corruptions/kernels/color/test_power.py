"""Powers of pixel values against numpy, and the two forms against each other."""

from __future__ import annotations

import numpy as np
import torch

from robustbench_endo.corruptions.kernels.color.power import power, power_torch


def test_power_on_levels_and_between_them() -> None:
    between = torch.rand(2, 3, 32, 40, generator=torch.Generator().manual_seed(0))
    levels = (between * 255).round() / 255
    exponents = torch.tensor([0.25, 3.5]).reshape(2, 1, 1, 1)
    for images in (levels, between, torch.zeros_like(levels), torch.ones_like(levels)):
        expected = images.double().numpy() ** exponents.double().numpy()
        assert np.abs(power(images, exponents).numpy() - expected).max() < 1e-7
        assert torch.allclose(power(images, exponents), power_torch(images, exponents), atol=1e-7)
