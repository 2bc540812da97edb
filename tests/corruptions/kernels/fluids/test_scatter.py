"""Scattering by a medium on a coarse grid: all forms, the formula, and unchanged pixels."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.fluids.grid import frame_weights
from robustbench_endo.corruptions.kernels.fluids.scatter import scatter, scatter_torch
from robustbench_endo.corruptions.kernels.interpolation.resample import resample_torch

SIZES = [(40, 56), (80, 112), (97, 131), (33, 32)]
COLOUR = torch.tensor([[0.95, 0.8, 0.9], [1.1, 0.9, 1.0]])


def random(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("size", SIZES)
def test_scatter_is_its_formula_on_the_enlarged_medium(size: tuple[int, int]) -> None:
    images, medium = random(2, 3, *size), random(2, 4, 40, 56)
    weights = frame_weights(medium.shape, size)
    full = resample_torch(medium, *weights)
    cover, light = full[:, :3], full[:, 3:]
    expected = images * (1 - cover) + light * COLOUR[:, :, None, None] * cover
    for function in (scatter, scatter_torch):
        result, opacity = function(images, medium, COLOUR, *weights)
        assert torch.allclose(result, expected, atol=1e-5)
        assert torch.allclose(opacity, cover[:, 1:2], atol=1e-5)


def test_scatter_leaves_bare_pixels_identical() -> None:
    images, medium = random(2, 3, 80, 112), random(2, 4, 40, 56)
    medium[:, :3] = 0
    for function in (scatter, scatter_torch):
        result, opacity = function(images, medium, COLOUR, *frame_weights(medium.shape, images.shape))
        assert torch.equal(result, images)
        assert opacity.max() == 0
