"""HSV value: the compiled form against the plain one and against the formula."""

from __future__ import annotations

import colorsys

import torch

from robustbench_endo.corruptions.kernels.color.hsv import raise_value, raise_value_torch


def test_raise_value_forms_agree() -> None:
    images = torch.rand(2, 3, 33, 41, generator=torch.Generator().manual_seed(0))
    images[:, :, :4] = 0
    assert torch.equal(raise_value(images, 0.3), raise_value_torch(images, 0.3))


def test_raise_value_is_hsv() -> None:
    for colour in ((0.8, 0.2, 0.3), (0.1, 0.6, 0.2), (0.0, 0.0, 0.4), (0.5, 0.5, 0.5)):
        hue, saturation, value = colorsys.rgb_to_hsv(*colour)
        expected = torch.tensor(colorsys.hsv_to_rgb(hue, saturation, min(value + 0.3, 1)))
        image = torch.tensor(colour).reshape(1, 3, 1, 1).expand(1, 3, 2, 2)
        assert torch.allclose(raise_value(image, 0.3)[0, :, 0, 0], expected, atol=1e-6)
