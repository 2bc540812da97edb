"""Separable filters against scipy, and their two implementations against each other."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from robustbench_endo.corruptions.kernels.filters.separable import (
    gaussian_blur,
    gaussian_half,
    separable,
    separable_torch,
)


@pytest.mark.parametrize("border", ["nearest", "reflect", "mirror"])
@pytest.mark.parametrize("sigma", [0.3, 1.0, 3.3, 20.0])
def test_gaussian_is_that_of_scipy(border: str, sigma: float) -> None:
    images = torch.rand(2, 3, 45, 38, generator=torch.Generator().manual_seed(0))
    expected = ndimage.gaussian_filter(images.double().numpy(), sigma, mode=border, axes=(2, 3))
    assert np.abs(gaussian_blur(images, sigma, border).numpy() - expected).max() < 1e-6


def test_axes_have_their_own_width() -> None:
    images = torch.rand(1, 1, 40, 50, generator=torch.Generator().manual_seed(0))
    expected = ndimage.gaussian_filter(images.double().numpy(), (1.0, 4.0), mode="nearest", axes=(2, 3))
    assert np.abs(gaussian_blur(images, (1.0, 4.0)).numpy() - expected).max() < 1e-6


@pytest.mark.parametrize("border", ["nearest", "reflect", "mirror"])
def test_torch_agrees_with_compiled(border: str) -> None:
    images = torch.rand(2, 3, 33, 47, generator=torch.Generator().manual_seed(1))
    halves = gaussian_half(2.0), gaussian_half(15.0)
    assert torch.allclose(
        separable(images, *halves, border), separable_torch(images, *halves, border), atol=1e-5, rtol=0
    )


def test_weights_sum_to_one_and_vanish_for_no_blur() -> None:
    half = gaussian_half(5.0)
    assert half[0] + 2 * half[1:].sum() == pytest.approx(1.0, abs=1e-6)
    assert gaussian_half(0.05).tolist() == [1.0]
