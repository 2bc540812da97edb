"""Philox compiled for the CPU against plain torch."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.corruptions.kernels.rng import philox_cpu, philox_torch

CPU = torch.device("cpu")
KEY = 0x1234_5678_9ABC_DEF0 >> 1


@pytest.mark.parametrize("count", [1, 3, 4, 9, 4099])
@pytest.mark.parametrize("stream", [0, 7])
def test_random_numbers_words_are_those_of_torch(count: int, stream: int) -> None:
    keys = (0, KEY, (1 << 63) - 1)
    words = philox_cpu.random_numbers("words", keys, count, stream, CPU)
    assert torch.equal(words, philox_torch.random_numbers("words", keys, count, stream, CPU))


@pytest.mark.parametrize("distribution", ["uniform", "normal"])
@pytest.mark.parametrize("count", [1, 5, 1683])
def test_random_numbers_are_those_of_torch(distribution: str, count: int) -> None:
    keys = (KEY, 5)
    numbers = philox_cpu.random_numbers(distribution, keys, count, 2, CPU)
    assert torch.equal(numbers, philox_torch.random_numbers(distribution, keys, count, 2, CPU))
