"""Means, powers and saturation: against numpy and scikit-image, and the two implementations against each other."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.color import hsv2rgb, rgb2hsv

from robustbench_endo.corruptions.kernels.color.hsv import saturate, saturate_torch
from robustbench_endo.corruptions.kernels.color.mean import channel_mean, whole_sums_torch
from robustbench_endo.corruptions.kernels.color.power import power, power_torch


def test_mean_does_not_depend_on_the_order() -> None:
    images = torch.rand(2, 3, 45, 52, generator=torch.Generator().manual_seed(0))
    mean = channel_mean(images)
    shuffled = images.flatten(2)[..., torch.randperm(45 * 52)].reshape(images.shape)
    assert torch.equal(mean, channel_mean(shuffled))
    assert torch.allclose(mean, images.double().mean((2, 3), keepdim=True).float(), atol=1e-7)
    assert torch.equal((whole_sums_torch(images).double() / (45 * 52 * 2**24)).float(), mean[..., 0, 0])


def test_power_on_levels_and_between_them() -> None:
    between = torch.rand(2, 3, 32, 40, generator=torch.Generator().manual_seed(0))
    levels = (between * 255).round() / 255
    exponents = torch.tensor([0.25, 3.5]).reshape(2, 1, 1, 1)
    for images in (levels, between, torch.zeros_like(levels), torch.ones_like(levels)):
        expected = images.double().numpy() ** exponents.double().numpy()
        assert np.abs(power(images, exponents).numpy() - expected).max() < 1e-7
        assert torch.allclose(power(images, exponents), power_torch(images, exponents), atol=1e-7)


@pytest.mark.parametrize(("gain", "offset"), [(0.0, 0.0), (0.3, 0.0), (2.0, 0.0), (20.0, 0.2), (1.0, -0.3)])
def test_saturation_is_that_of_hsv(gain: float, offset: float) -> None:
    images = torch.rand(1, 3, 32, 40, generator=torch.Generator().manual_seed(0))
    images[..., :4] = images[:, :1, :, :4]
    images[..., 5] = 0.0
    hsv = rgb2hsv(images.double().numpy(), channel_axis=1)
    hsv[:, 1] = (hsv[:, 1] * gain + offset).clip(0, 1)
    expected = hsv2rgb(hsv, channel_axis=1)
    assert np.abs(saturate(images, gain, offset).numpy() - expected).max() < 1e-5
    assert torch.allclose(saturate(images, gain, offset), saturate_torch(images, gain, offset), atol=1e-5)
