"""HSV saturation and value: the compiled forms against the plain ones, and against scikit-image and colorsys."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest
import torch
from skimage.color import hsv2rgb, rgb2hsv

from robustbench_endo.corruptions.kernels.color.hsv import (
    offset_value,
    offset_value_torch,
    scale_saturation,
    scale_saturation_torch,
)


@pytest.mark.parametrize(("gain", "offset"), [(0.0, 0.0), (0.3, 0.0), (2.0, 0.0), (20.0, 0.2), (1.0, -0.3)])
def test_scale_saturation_is_that_of_skimage(gain: float, offset: float) -> None:
    images = torch.rand(1, 3, 32, 40, generator=torch.Generator().manual_seed(0))
    images[..., :4] = images[:, :1, :, :4]
    images[..., 5] = 0.0
    hsv = rgb2hsv(images.double().numpy(), channel_axis=1)
    hsv[:, 1] = (hsv[:, 1] * gain + offset).clip(0, 1)
    expected = hsv2rgb(hsv, channel_axis=1)
    assert np.abs(scale_saturation(images, gain, offset).numpy() - expected).max() < 1e-5
    plain = scale_saturation_torch(images, gain, offset)
    assert torch.allclose(scale_saturation(images, gain, offset), plain, atol=1e-5)


def test_offset_value_compiled_equals_torch() -> None:
    images = torch.rand(2, 3, 33, 41, generator=torch.Generator().manual_seed(0))
    images[:, :, :4] = 0
    assert torch.equal(offset_value(images, 0.3), offset_value_torch(images, 0.3))


def test_offset_value_is_that_of_colorsys() -> None:
    for colour in ((0.8, 0.2, 0.3), (0.1, 0.6, 0.2), (0.0, 0.0, 0.4), (0.5, 0.5, 0.5)):
        hue, saturation, value = colorsys.rgb_to_hsv(*colour)
        expected = torch.tensor(colorsys.hsv_to_rgb(hue, saturation, min(value + 0.3, 1)))
        image = torch.tensor(colour).reshape(1, 3, 1, 1).expand(1, 3, 2, 2)
        assert torch.allclose(offset_value(image, 0.3)[0, :, 0, 0], expected, atol=1e-6)
