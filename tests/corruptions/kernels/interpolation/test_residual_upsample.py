"""Enlargement with detail: soft thresholding, and both forms."""

from __future__ import annotations

import torch

from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import area_weights, bilinear_weights
from robustbench_endo.corruptions.kernels.interpolation.resample import resample
from robustbench_endo.corruptions.kernels.interpolation.residual_upsample import (
    residual_upsample,
    residual_upsample_torch,
)


def test_residual_upsample_soft_thresholds_the_detail() -> None:
    image = torch.rand(1, 3, 40, 44, generator=torch.Generator().manual_seed(0))
    coarse = resample(image, area_weights(40, 20), area_weights(44, 22))
    smooth = resample(coarse, bilinear_weights(20, 40), bilinear_weights(22, 44))
    assert torch.allclose(residual_upsample(image, coarse, coarse, 0.0), image, atol=1e-6)
    assert torch.allclose(residual_upsample(image, coarse, coarse, 2.0), smooth, atol=1e-6)
    detail = image - smooth
    shrunk = detail.sign() * (detail.abs() - 0.1).clamp_min(0)
    assert torch.allclose(residual_upsample(image, coarse, coarse, 0.1), smooth + shrunk, atol=1e-5)
    arguments = (image, coarse, 1 - coarse, 0.1)
    assert torch.allclose(residual_upsample(*arguments), residual_upsample_torch(*arguments), atol=1e-5)


def test_residual_upsample_compiled_agrees_with_torch_at_any_factor() -> None:
    image = torch.rand(1, 3, 40, 44, generator=torch.Generator().manual_seed(0))
    coarse = resample(image, area_weights(40, 13), area_weights(44, 15))
    arguments = (image, coarse, 1 - coarse, 0.1)
    assert torch.allclose(residual_upsample(*arguments), residual_upsample_torch(*arguments), atol=1e-5)
