"""Noise with a grain size: the compiled forms against torch."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_shape, expand_cells
from robustbench_endo.corruptions.kernels.rng.noise_ops import (
    add_noise,
    apply_noise_torch,
    multiply_noise,
    salt_and_pepper,
)

SHAPE = (3, 41, 34)


def images() -> Tensor:
    return torch.rand(2, *SHAPE, generator=torch.Generator().manual_seed(0))


def cells(grain: float) -> Tensor:
    return torch.rand(2, *cell_shape(SHAPE, grain), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("grain", [0.5, 1.0, 2.0, 2.7, 40.0])
def test_add_noise_and_multiply_noise_use_the_cell_of_each_pixel(grain: float) -> None:
    field = expand_cells(cells(grain), SHAPE, grain)
    assert torch.allclose(add_noise(images(), cells(grain), 0.3, grain), images() + 0.3 * field, atol=1e-6)
    assert torch.allclose(multiply_noise(images(), cells(grain), 0.3, grain), images() * (1 + 0.3 * field), atol=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("grain", [1.0, 2.7])
def test_salt_and_pepper_replaces_both_tails(share: float, grain: float) -> None:
    draw = expand_cells(cells(grain), SHAPE, grain)
    expected = torch.where(draw < share / 2, 0.0, torch.where(draw > 1 - share / 2, 1.0, images()))
    assert torch.equal(salt_and_pepper(images(), cells(grain), share, grain), expected)


def test_apply_noise_torch_agrees_with_compiled() -> None:
    arguments = (images(), cells(2.7), 2.7)
    added, multiplied = (
        apply_noise_torch("add", *arguments, 0.3, 0.0),
        apply_noise_torch("multiply", *arguments, 0.3, 0),
    )
    assert torch.allclose(added, add_noise(images(), cells(2.7), 0.3, 2.7), atol=1e-6)
    assert torch.allclose(multiplied, multiply_noise(images(), cells(2.7), 0.3, 2.7), atol=1e-6)
    replaced = apply_noise_torch("replace", *arguments, 0.15, 0.85)
    assert torch.equal(replaced, salt_and_pepper(images(), cells(2.7), 0.3, 2.7))
