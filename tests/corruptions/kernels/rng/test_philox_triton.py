"""Philox in Triton: interpreted, and how it is launched."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

MODULE = "robustbench_endo.corruptions.kernels.rng.philox_triton"


@pytest.mark.slow
def test_random_numbers_equal_the_cpu(triton_failures: dict[str, str]) -> None:
    assert triton_failures["check_philox"] == ""


def test_random_numbers_kernel_has_one_variant_for_all_sizes(specialised: Callable[[str], list[str]]) -> None:
    assert specialised(MODULE) == []


def test_random_numbers_of_any_batch_fit_the_grid(launched: Callable[[str], list[tuple[int, ...]]]) -> None:
    from robustbench_endo.corruptions.kernels.rng import philox_triton

    grids = launched(MODULE)
    philox_triton.random_numbers("uniform", tuple(range(70_000)), 1025, 0, torch.device("cpu"))
    assert grids == [(2 * 70_000,)]


def test_random_numbers_rejects_more_than_an_index_of_32_bits() -> None:
    philox_triton = pytest.importorskip(MODULE, reason="Triton is not installed")
    with pytest.raises(ValueError, match="at most 2,147,481,600 numbers per image, got 2,147,483,648"):
        philox_triton.random_numbers("words", (0,), 1 << 31, 0, torch.device("cpu"))
