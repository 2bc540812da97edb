"""Gaussian blur: its standard deviation, also at a reduced scale."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions.blur.gaussian_blur import GaussianBlur, GaussianBlurParams
from robustbench_endo.corruptions.kernels.filters.separable import gaussian_blur


@pytest.mark.parametrize("sigma", [2.0, 7.0, 12.0, 20.0])
def test_gaussian_blur_has_its_sigma_also_at_reduced_scale(sigma: float, point_spread: Callable) -> None:
    total, mean, variance = point_spread(GaussianBlur((GaussianBlurParams(sigma),) * 5), 201)
    assert total == pytest.approx(1.0, abs=1e-3)
    assert mean == pytest.approx(torch.tensor([100.0, 100.0]), abs=0.5)
    assert variance.sqrt() == pytest.approx(torch.full((2,), sigma), rel=0.01)


def test_gaussian_blur_at_reduced_scale_is_within_a_level_of_full_scale(frames: Callable[..., Tensor]) -> None:
    images = frames(1, 256, 256)[..., :251]
    speckled = (torch.rand(1, 3, 131, 160, generator=torch.Generator().manual_seed(0)) > 0.5).float()
    for sigma, image in itertools.product((3.9, 4.0, 8.0, 12.0, 16.0), (images, speckled)):
        reduced = GaussianBlur((GaussianBlurParams(sigma),) * 5)(image, 1, ["a"], reference_size=None).images
        assert (reduced - gaussian_blur(image, sigma)).abs().max() < 1 / 255
