"""Compositing of a layer on a coarse grid: both forms, the formula, and unchanged pixels."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.fluids.composite import composite, composite_torch
from robustbench_endo.corruptions.kernels.fluids.grid import frame_weights
from robustbench_endo.corruptions.kernels.interpolation.resample import resample_torch

SIZES = [(40, 56), (80, 112), (97, 131), (160, 224), (33, 32)]


def random(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [4, 5, 7])
def test_composite_is_its_formula_on_the_enlarged_layer(channels: int, size: tuple[int, int]) -> None:
    images, layer = random(2, 3, *size), random(2, channels, 40, 56)
    weights = frame_weights(layer.shape, size)
    full = resample_torch(layer, *weights)
    expected = images * (1 - (full[:, 1:-3] if channels > 4 else full[:, :1])) + full[:, -3:]
    for function in (composite, composite_torch):
        result, opacity = function(images, layer, *weights)
        assert torch.allclose(result, expected, atol=1e-5)
        assert torch.allclose(opacity, full[:, :1], atol=1e-5)


@pytest.mark.parametrize("size", SIZES)
def test_composite_leaves_bare_pixels_identical(size: tuple[int, int]) -> None:
    images, layer = random(1, 3, *size), torch.zeros(1, 7, 40, 56)
    for function in (composite, composite_torch):
        result, opacity = function(images, layer, *frame_weights(layer.shape, size))
        assert torch.equal(result, images)
        assert opacity.max() == 0
