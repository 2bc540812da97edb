"""Local shuffling: the order of the sweeps, and sequential against parallel copies."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_endo.corruptions.kernels.interpolation.local_shuffle import (
    fetch_cells,
    fetch_cells_torch,
    local_shuffle,
    local_shuffle_torch,
)


def draw(high: int, *shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, high, shape))


@pytest.mark.parametrize("shift", [1, 2, 4])
def test_local_shuffle_in_parallel_equals_sequential_copies(shift: int) -> None:
    choices = draw((2 * shift) ** 2, 3, 2, 40, 50)
    sequential = local_shuffle(choices, shift)
    assert torch.equal(sequential, local_shuffle_torch(choices, shift))
    assert (sequential != torch.arange(2000).reshape(40, 50)).float().mean() > 0.5


def test_local_shuffle_follows_a_long_chain_of_copies() -> None:
    # Every cell copies its left neighbour, which is visited after it: nothing accumulates.
    left = local_shuffle(torch.full((1, 1, 6, 8), 2), 1)[0]
    expected = torch.arange(48).reshape(6, 8)
    expected[2:6, 2:8] -= 1
    assert torch.equal(left, expected)
    # With a shift of 2, choice 11 is one cell to the right: everything comes from the last column, in a chain.
    choices = torch.full((1, 1, 12, 12), 11)
    right = local_shuffle(choices, 2)[0]
    assert torch.equal(right[3:11, 3:11], (torch.arange(3, 11)[:, None] * 12 + 11).expand(8, 8))
    assert torch.equal(local_shuffle_torch(choices, 2)[0], right)


def test_local_shuffle_leaves_cells_at_the_edge() -> None:
    source = local_shuffle(draw(16, 1, 2, 20, 20), 2)[0]
    assert torch.equal(source[:3], torch.arange(60).reshape(3, 20))
    assert torch.equal(source[19], torch.arange(380, 400))


def test_fetch_cells_compiled_equals_torch_and_stops_at_the_edge() -> None:
    images = torch.rand(2, 3, 33, 40, generator=torch.Generator().manual_seed(0))
    rows, columns = torch.arange(33) // 2, torch.arange(40) // 2
    down, across = draw(19, 2, 2, 17, 20) - 9
    arguments = (images, down, across, rows, columns)
    assert torch.equal(fetch_cells(*arguments), fetch_cells_torch(*arguments))
    far = torch.full((2, 17, 20), -100)
    assert torch.equal(fetch_cells(images, far, far, rows, columns), images[..., :1, :1].expand_as(images))
