"""Local shuffling: the order of the sweeps, and sequential against parallel copies."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_endo.corruptions.kernels.interpolation.local_shuffle import (
    doubling_rounds,
    fetch_cells,
    fetch_cells_torch,
    local_shuffle,
    local_shuffle_torch,
)


def draw(high: int, *shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, high, shape))


@pytest.mark.parametrize("shift", [1, 2, 4])
@pytest.mark.parametrize("sweeps", [1, 3])
@pytest.mark.parametrize("size", [(40, 50), (37, 23), (9, 8)])
def test_local_shuffle_in_parallel_equals_sequential_copies(shift: int, sweeps: int, size: tuple[int, int]) -> None:
    choices = draw((2 * shift) ** 2, 3, sweeps, *size)
    sequential = local_shuffle(choices, shift)
    assert torch.equal(sequential, local_shuffle_torch(choices, shift).long())
    moved = sequential != torch.arange(size[0] * size[1]).reshape(size)
    assert moved.any() == (min(size) > 2 * shift)


@pytest.mark.parametrize("shift", [2, 3])
def test_doubling_rounds_reach_the_end_of_the_longest_chain(shift: int) -> None:
    # To the right up to the last column, then a row down and left by the longest step: no chain is longer.
    height, width = 17, 13
    right, left = 2 * shift * shift + shift + 1, 2 * shift * (shift + 1)
    choices = torch.full((1, 1, height, width), right)
    choices[..., width - shift] = left
    assert torch.equal(local_shuffle(choices, shift), local_shuffle_torch(choices, shift).long())
    rows, columns = height - 2 * shift, width - 2 * shift
    hops = (rows - 1) * (shift + 1) + columns - 1
    assert 2 ** (doubling_rounds(height, width, shift) - 1) <= hops < 2 ** doubling_rounds(height, width, shift)


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
    assert torch.equal(local_shuffle_torch(choices, 2)[0].long(), right)


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
