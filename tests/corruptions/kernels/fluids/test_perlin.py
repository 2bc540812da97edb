"""Fractal Perlin noise: both forms, its moments, its smoothness, its hash table."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.fluids.perlin import fractal_perlin_noise, fractal_perlin_noise_torch

OCTAVES = 4


@pytest.fixture
def uniform() -> Tensor:
    return torch.rand(3, 256, generator=torch.Generator().manual_seed(0))


def positions(count: int, step: float, side: int = 96) -> tuple[Tensor, Tensor]:
    axis = (torch.arange(side) - side / 2) * step
    y, x = torch.meshgrid(axis, axis + 0.37 * step, indexing="ij")
    return x.repeat(count, 1, 1), y.repeat(count, 1, 1)


def test_fractal_perlin_noise_compiled_agrees_with_torch(uniform: Tensor) -> None:
    x, y = positions(3, 0.073)
    plain = fractal_perlin_noise_torch(x, y, torch.argsort(uniform, dim=1, stable=True), OCTAVES)
    assert (fractal_perlin_noise(x, y, uniform, OCTAVES) - plain).abs().max() < 1e-4


@pytest.mark.parametrize("octaves", [1, 5])
def test_fractal_perlin_noise_has_mean_0_and_variance_1(octaves: int, uniform: Tensor) -> None:
    field = fractal_perlin_noise(*positions(3, 1.37), uniform, octaves)
    assert field.mean() == pytest.approx(0, abs=0.03)
    assert field.std() == pytest.approx(1, abs=0.06)


def test_fractal_perlin_noise_is_within_a_few_standard_deviations(uniform: Tensor) -> None:
    assert fractal_perlin_noise(*positions(3, 0.21), uniform, OCTAVES).abs().max() < 5


def test_fractal_perlin_noise_is_smooth_across_cell_borders(uniform: Tensor) -> None:
    x = torch.tensor([3 - 1e-4, 3 + 1e-4, -7 - 1e-4, -7 + 1e-4]).reshape(1, 1, 4).repeat(3, 1, 1)
    values = fractal_perlin_noise(x, torch.full_like(x, 0.4), uniform, 1)
    assert (values[..., 0::2] - values[..., 1::2]).abs().max() < 2e-3


def test_fractal_perlin_noise_of_an_image_depends_only_on_its_numbers(uniform: Tensor) -> None:
    x, y = positions(3, 0.11)
    fields = fractal_perlin_noise(x, y, uniform, OCTAVES)
    assert torch.equal(fractal_perlin_noise(x[1:2], y[1:2], uniform[1:2], OCTAVES), fields[1:2])
    correlation = torch.corrcoef(fields.flatten(1))
    assert correlation[~torch.eye(3, dtype=torch.bool)].abs().max() < 0.4
