"""Pixelation against its two resamplings."""

from __future__ import annotations

import torch

from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import box_weights, nearest_weights
from robustbench_endo.corruptions.kernels.interpolation.pixelate import pixelate, pixelate_torch
from robustbench_endo.corruptions.kernels.interpolation.resample import resample


def test_pixelate_is_box_then_nearest() -> None:
    image = torch.rand(2, 3, 53, 40, generator=torch.Generator().manual_seed(0))
    cells = resample(image, box_weights(53, 11), box_weights(40, 13))
    expected = resample(cells, nearest_weights(11, 53), nearest_weights(13, 40))
    assert torch.allclose(pixelate(image, 11, 13), expected, atol=1e-6)
    assert torch.allclose(pixelate_torch(image, 11, 13), expected, atol=1e-5)
