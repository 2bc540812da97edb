"""Separable filters against scipy, and the two forms against each other."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from robustbench_endo.corruptions.kernels.filters.separable import (
    border_index,
    filter_weights,
    gaussian_blur,
    half_gaussian,
    separable_filter,
    separable_filter_torch,
)


@pytest.mark.parametrize("border", ["nearest", "reflect", "mirror"])
@pytest.mark.parametrize("sigma", [0.3, 1.0, 3.3, 20.0])
def test_gaussian_blur_is_that_of_scipy(border: str, sigma: float) -> None:
    images = torch.rand(2, 3, 45, 38, generator=torch.Generator().manual_seed(0))
    expected = ndimage.gaussian_filter(images.double().numpy(), sigma, mode=border, axes=(2, 3))
    assert np.abs(gaussian_blur(images, sigma, border).numpy() - expected).max() < 1e-6


def test_gaussian_blur_takes_one_sigma_per_axis() -> None:
    images = torch.rand(1, 1, 40, 50, generator=torch.Generator().manual_seed(0))
    expected = ndimage.gaussian_filter(images.double().numpy(), (1.0, 4.0), mode="nearest", axes=(2, 3))
    assert np.abs(gaussian_blur(images, (1.0, 4.0)).numpy() - expected).max() < 1e-6


@pytest.mark.parametrize("border", ["nearest", "reflect", "mirror"])
def test_separable_filter_compiled_agrees_with_torch(border: str) -> None:
    images = torch.rand(2, 3, 33, 47, generator=torch.Generator().manual_seed(1))
    halves = half_gaussian(2.0), half_gaussian(15.0)
    compiled, plain = separable_filter(images, *halves, border), separable_filter_torch(images, *halves, border)
    assert torch.allclose(compiled, plain, atol=1e-5, rtol=0)


def test_half_gaussian_has_unit_sum_and_one_tap_for_no_blur() -> None:
    half = half_gaussian(5.0)
    assert half[0] + 2 * half[1:].sum() == pytest.approx(1.0, abs=1e-6)
    assert half_gaussian(0.05).tolist() == [1.0]


@pytest.mark.parametrize(("border", "mode"), [("nearest", "edge"), ("reflect", "symmetric"), ("mirror", "reflect")])
def test_border_index_is_the_padding_of_numpy(border: str, mode: str) -> None:
    line = np.arange(5)
    assert np.array_equal(line[border_index(5, 3, 4, border)], np.pad(line, (3, 4), mode=mode))


@pytest.mark.parametrize("border", ["nearest", "reflect", "mirror"])
@pytest.mark.parametrize("size", [5, 30])
def test_filter_weights_are_cached_and_filter_as_scipy(size: int, border: str) -> None:
    half = half_gaussian(2.0, truncate=3.0)
    weights = filter_weights(size, half, border)
    assert filter_weights(size, half.copy(), border) is weights
    line = np.random.default_rng(0).random(size)
    kernel = np.concatenate((half[:0:-1], half)).astype(np.float64)
    expected = ndimage.convolve1d(line, kernel, mode=border)
    assert np.abs(weights.matrix(torch.device("cpu")).numpy() @ line - expected).max() < 1e-6
