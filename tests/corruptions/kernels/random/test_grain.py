"""Noise laid over pictures: the compiled forms against torch, at any grain."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_shape, spread
from robustbench_endo.corruptions.kernels.rng.noise_ops import add_noise, multiply_noise, salt_and_pepper

SHAPE = (3, 41, 34)


def pictures() -> Tensor:
    return torch.rand(2, *SHAPE, generator=torch.Generator().manual_seed(0))


def cells(grain: float) -> Tensor:
    return torch.rand(2, *cell_shape(SHAPE, grain), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("grain", [0.5, 1.0, 2.0, 2.7, 40.0])
def test_each_pixel_takes_the_number_of_its_cell(grain: float) -> None:
    field = spread(cells(grain), SHAPE, grain)
    assert torch.allclose(add_noise(pictures(), cells(grain), 0.3, grain), pictures() + 0.3 * field, atol=1e-6)
    assert torch.allclose(
        multiply_noise(pictures(), cells(grain), 0.3, grain), pictures() * (1 + 0.3 * field), atol=1e-6
    )


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("grain", [1.0, 2.7])
def test_salt_and_pepper(share: float, grain: float) -> None:
    draw = spread(cells(grain), SHAPE, grain)
    expected = torch.where(draw < share / 2, 0.0, torch.where(draw > 1 - share / 2, 1.0, pictures()))
    assert torch.equal(salt_and_pepper(pictures(), cells(grain), share, grain), expected)
