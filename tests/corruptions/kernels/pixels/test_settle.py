"""Range checks: right on every value, done once a tensor, done again when it changed."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.corruptions.kernels.color.range_check import clamped, within_unit


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.float64])
@pytest.mark.parametrize("value", [-1e-3, 1.001, float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("place", [0, 4095, 4096, 9999])
def test_one_bad_value_is_found_wherever_it_is(value: float, place: int, dtype: torch.dtype) -> None:
    values = torch.linspace(0, 1, 10_000).to(dtype)
    assert within_unit(values)
    values[place] = value
    assert not within_unit(values)


def test_a_tensor_that_changed_is_looked_at_again() -> None:
    values = torch.zeros(1, 3, 40, 40)
    assert within_unit(values)
    values += 2
    assert not within_unit(values)
    with torch.inference_mode():
        inferred = torch.zeros(10)
        assert within_unit(inferred)
        inferred += 2
        assert not within_unit(inferred)


def test_clamping_spares_the_source() -> None:
    source = torch.tensor([0.5, 1.0])
    assert clamped(source[:1] * 3, source).tolist() == [1.0]
    view = source.view(2)
    assert clamped(view, source).data_ptr() != source.data_ptr()
