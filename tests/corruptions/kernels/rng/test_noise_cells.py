"""Noise cells: how large they are, and which number a pixel takes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_endo.corruptions.kernels.device_tables import device_table
from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_of_pixel, cell_shape, expand_cells


@pytest.mark.parametrize("grain", [0.5, 1.0])
def test_cell_shape_is_at_least_a_pixel(grain: float) -> None:
    cells = torch.rand(1, 3, 40, 50)
    assert cell_shape((3, 40, 50), grain) == (3, 40, 50)
    assert expand_cells(cells, (3, 40, 50), grain) is cells


@pytest.mark.parametrize(("height", "width", "grain"), [(40, 60, 2.0), (41, 59, 2.0), (64, 97, 3.94), (33, 47, 1.3)])
def test_expand_cells_gives_every_pixel_the_number_of_its_cell(height: int, width: int, grain: float) -> None:
    cells = torch.rand(2, 3, *cell_shape((height, width), grain))
    pixels = expand_cells(cells, (3, height, width), grain)
    assert pixels.shape == (2, 3, height, width)
    for row, column in [(0, 0), (height - 1, width - 1), (17, 23)]:
        assert torch.equal(pixels[..., row, column], cells[..., int(row / grain), int(column / grain)])
    assert torch.equal(pixels.unique(), cells.unique())


def test_cell_of_pixel_does_not_depend_on_the_division_of_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    # CUDA divides by a Python number by multiplying with its reciprocal.
    monkeypatch.setattr(torch.Tensor, "__truediv__", lambda tensor, number: tensor * (1.0 / number))
    device_table.cache_clear()
    for side in range(257, 2161):
        cells = cell_of_pixel(side, side / 256, torch.device("cpu")).numpy()
        assert np.array_equal(cells, np.arange(side) // (side / 256)), side
    device_table.cache_clear()
