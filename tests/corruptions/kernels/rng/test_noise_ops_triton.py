"""Noise in Triton: interpreted, and how it is launched."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

MODULE = "robustbench_endo.corruptions.kernels.rng.noise_ops_triton"


@pytest.mark.slow
def test_apply_noise_and_poisson_noise_equal_the_cpu(triton_failures: dict[str, str]) -> None:
    assert triton_failures["check_noise_ops"] == ""


def test_noise_kernels_have_one_variant_for_all_sizes(specialised: Callable[[str], list[str]]) -> None:
    assert specialised(MODULE) == []


def test_noise_on_any_batch_fits_the_grid(launched: Callable[[str], list[tuple[int, ...]]]) -> None:
    from robustbench_endo.corruptions.kernels.rng import noise_ops_triton

    grids = launched(MODULE)
    noise_ops_triton.apply_noise(0, torch.zeros(70_000, 3, 2, 2), torch.zeros(70_000, 3, 2, 2), 1.0, 0.1, 0.0)
    assert grids == [(70_000,)]
