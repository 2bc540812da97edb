"""Resampling in Triton: interpreted, and how it is launched."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import (
    InterpolationWeights,
    area_weights,
    bilinear_weights,
    box_weights,
    nearest_weights,
)

MODULE = "robustbench_endo.corruptions.kernels.interpolation.resample_triton"
Grids = list[tuple[int, ...]]


@pytest.mark.slow
def test_resample_and_mean_of_resamplings_agree_with_the_cpu(triton_failures: dict[str, str]) -> None:
    assert triton_failures["check_resample"] == ""


def test_resampling_kernels_have_one_variant_for_all_sizes(specialised: Callable[[str], list[str]]) -> None:
    assert specialised(MODULE) == []


@pytest.mark.parametrize(
    ("rows", "columns", "expected"),
    [
        (bilinear_weights(20, 32), bilinear_weights(20, 48), [(6 * 3,)]),
        (area_weights(20, 4), area_weights(20, 4), [(6,), (6,)]),  # 5 x 5 taps: rows, then columns
        (box_weights(20, 2), nearest_weights(20, 20), [(6,)]),  # columns are copied
    ],
)
def test_resample_takes_one_pass_or_two(
    rows: InterpolationWeights,
    columns: InterpolationWeights,
    expected: Grids,
    launched: Callable[[str], Grids],
) -> None:
    from robustbench_endo.corruptions.kernels.interpolation import resample_triton

    grids = launched(MODULE)
    out = resample_triton.resample(torch.zeros(2, 3, 20, 20), rows, columns)
    assert out.shape == (2, 3, len(rows), len(columns))
    assert grids == expected


def test_resample_uploads_its_tables_once(launched: Callable[[str], Grids]) -> None:
    from robustbench_endo.corruptions.kernels.device_tables import device_table
    from robustbench_endo.corruptions.kernels.interpolation import resample_triton

    launched(MODULE)
    images = torch.zeros(1, 1, 40, 40)
    axes = area_weights(40, 7), bilinear_weights(40, 50)
    resample_triton.resample(images, *axes)
    before = device_table.cache_info().misses
    resample_triton.resample(images, *axes)
    assert device_table.cache_info().misses == before
