"""2-D correlation against scipy, with and without constant runs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from robustbench_endo.corruptions.blur.defocus_blur import disk
from robustbench_endo.corruptions.kernels.filters.correlate import correlate, correlate_torch

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
