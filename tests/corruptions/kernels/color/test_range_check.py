"""Range checks: correct for every value, cached per tensor, repeated after a change."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.corruptions.kernels.color.range_check import clamp_to_unit_range, in_unit_range


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.float64])
@pytest.mark.parametrize("value", [-1e-3, 1.001, float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("index", [0, 4095, 4096, 9999])
def test_in_unit_range_detects_one_bad_value_anywhere(value: float, index: int, dtype: torch.dtype) -> None:
    values = torch.linspace(0, 1, 10_000).to(dtype)
    assert in_unit_range(values)
    values[index] = value
    assert not in_unit_range(values)


def test_in_unit_range_checks_a_changed_tensor_again() -> None:
    values = torch.zeros(1, 3, 40, 40)
    assert in_unit_range(values)
    values += 2
    assert not in_unit_range(values)
    with torch.inference_mode():
        inferred = torch.zeros(10)
        assert in_unit_range(inferred)
        inferred += 2
        assert not in_unit_range(inferred)


def test_clamp_to_unit_range_spares_the_source() -> None:
    source = torch.tensor([0.5, 1.0])
    assert clamp_to_unit_range(source[:1] * 3, source).tolist() == [1.0]
    view = source.view(2)
    assert clamp_to_unit_range(view, source).data_ptr() != source.data_ptr()
