"""Separable resampling: the compiled form against torch."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import (
    area_weights,
    bilinear_weights,
    box_weights,
    nearest_weights,
)
from robustbench_endo.corruptions.kernels.interpolation.resample import resample, resample_torch


@pytest.mark.parametrize("weights", [box_weights, area_weights, nearest_weights, bilinear_weights])
@pytest.mark.parametrize("count", [1, 9, 40, 64])
def test_resample_compiled_agrees_with_torch(weights, count: int) -> None:
    image = torch.rand(2, 3, 40, 51, generator=torch.Generator().manual_seed(0))
    axes = weights(40, count), weights(51, count)
    assert torch.allclose(resample(image, *axes), resample_torch(image, *axes), atol=1e-5)
