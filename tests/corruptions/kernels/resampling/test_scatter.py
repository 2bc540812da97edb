"""Copies: in the order of the sweeps, the same in sequence and in parallel."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_endo.corruptions.kernels.interpolation.remap import (
    copied_cells,
    copied_cells_torch,
    scatter_cells,
    scatter_cells_torch,
)


def draw(high: int, *shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, high, shape))


@pytest.mark.parametrize("shift", [1, 2, 4])
def test_parallel_copies_are_the_sequential_ones(shift: int) -> None:
    choices = draw((2 * shift) ** 2, 3, 2, 40, 50)
    sequential = copied_cells(choices, shift)
    assert torch.equal(sequential, copied_cells_torch(choices, shift))
    assert (sequential != torch.arange(2000).reshape(40, 50)).float().mean() > 0.5


def test_a_long_chain_of_copies_by_hand() -> None:
    # Every cell takes from its left neighbour: (y, x) gets (y, x - 1), visited after it, so nothing piles up.
    left = copied_cells(torch.full((1, 1, 6, 8), 2), 1)[0]
    expected = torch.arange(48).reshape(6, 8)
    expected[2:6, 2:8] -= 1
    assert torch.equal(left, expected)
    # With a shift of 2, choice 11 is one cell to the right: everything comes from the last column, in a chain.
    choices = torch.full((1, 1, 12, 12), 11)
    right = copied_cells(choices, 2)[0]
    assert torch.equal(right[3:11, 3:11], (torch.arange(3, 11)[:, None] * 12 + 11).expand(8, 8))
    assert torch.equal(copied_cells_torch(choices, 2)[0], right)


def test_cells_at_the_edge_keep_their_content() -> None:
    origin = copied_cells(draw(16, 1, 2, 20, 20), 2)[0]
    assert torch.equal(origin[:3], torch.arange(60).reshape(3, 20))
    assert torch.equal(origin[19], torch.arange(380, 400))


def test_fetching_agrees_and_stops_at_the_edge() -> None:
    images = torch.rand(2, 3, 33, 40, generator=torch.Generator().manual_seed(0))
    row, column = torch.arange(33) // 2, torch.arange(40) // 2
    down, across = draw(19, 2, 2, 17, 20) - 9
    arguments = (images, down, across, row, column)
    assert torch.equal(scatter_cells(*arguments), scatter_cells_torch(*arguments))
    far = torch.full((2, 17, 20), -100)
    assert torch.equal(scatter_cells(images, far, far, row, column), images[..., :1, :1].expand_as(images))
