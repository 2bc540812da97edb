"""2-D correlation against scipy, with and without constant runs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from robustbench_endo.corruptions.blur.defocus_blur import disk
from robustbench_endo.corruptions.kernels.filters.correlate import correlate, correlate_torch, transform_length

RANDOM = np.random.default_rng(0).random((9, 9)).astype(np.float32)
KERNELS = {
    "random": RANDOM / RANDOM.sum(),
    "small disk": disk(3.0, 1, 0.5),
    "large disk": disk(14.3, 8, 0.0),
    "one tap": np.eye(5, dtype=np.float32) * np.array([0, 0, 0, 1, 0], np.float32),
}


@pytest.mark.parametrize("border", ["nearest", "reflect", "mirror"])
@pytest.mark.parametrize("name", KERNELS)
def test_correlate_is_that_of_scipy(name: str, border: str) -> None:
    images = torch.rand(1, 2, 41, 36, generator=torch.Generator().manual_seed(0))
    kernel = KERNELS[name]
    expected = ndimage.correlate(images.double().numpy(), kernel[None, None].astype(float), mode=border)
    assert np.abs(correlate(images, kernel[None], border).numpy() - expected).max() < 1e-5
    assert np.abs(correlate_torch(images, kernel[None], border).numpy() - expected).max() < 1e-5


def test_correlate_applies_one_kernel_per_image() -> None:
    images = torch.rand(2, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    kernels = np.stack([RANDOM / RANDOM.sum(), RANDOM.T / RANDOM.sum()])
    both = correlate(images, kernels, "nearest")
    for i in range(2):
        assert torch.equal(both[i : i + 1], correlate(images[i : i + 1], kernels[i : i + 1], "nearest"))
    assert torch.allclose(both, correlate_torch(images, kernels, "nearest"), atol=1e-5, rtol=0)


def test_correlate_keeps_white_under_a_large_disk() -> None:
    white = torch.ones(1, 1, 64, 64)
    assert (correlate(white, disk(20.0, 8, 0.0)[None], "mirror") - 1).abs().max() < 1e-5


def test_transform_length_is_the_next_even_product_of_small_primes() -> None:
    smooth = {
        2 ** (a + 1) * 3**b * 5**c * 7**d for a in range(11) for b in range(7) for c in range(5) for d in range(5)
    }
    for size in (1, 2, 19, 293, 586, 587, 1313):
        assert transform_length(size) == min(length for length in smooth if length >= size)


@pytest.mark.parametrize("size", [(53, 37), (29, 61)])
def test_correlate_in_a_padded_transform_equals_compiled_at_odd_sizes(size: tuple[int, int]) -> None:
    images = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(1))
    kernel = disk(5.0, 8, 0.0)[None]
    for border in ("nearest", "reflect", "mirror"):
        assert torch.allclose(correlate(images, kernel, border), correlate_torch(images, kernel, border), atol=1e-5)
