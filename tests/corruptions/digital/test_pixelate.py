"""Pixelation: flat cells that keep their mean."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from robustbench_endo.corruptions.digital.pixelate import Pixelate, cell_count


def test_pixelate_cells_are_flat_and_keep_their_mean(frames: Callable[..., Tensor]) -> None:
    images = frames(1, 96, 96)
    corrupted = Pixelate()(images, 5, ["a"], reference_size=48).images
    cells = corrupted.reshape(1, 3, 8, 12, 8, 12)
    assert torch.equal(cells.amax((3, 5)), cells.amin((3, 5)))
    assert torch.allclose(cells[:, :, :, 0, :, 0], images.reshape(1, 3, 8, 12, 8, 12).mean((3, 5)), atol=1e-5)


def test_cell_count_is_exact_for_fractional_cells() -> None:
    assert cell_count(100, 1 / 0.3) == 30
    assert cell_count(100, 0.5) == 100
    assert cell_count(10, 64.0) == 1
