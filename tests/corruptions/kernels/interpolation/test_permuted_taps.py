"""Interpolation by permutations of registers against that by look-ups."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_endo.corruptions.kernels.interpolation.fast_resample import add_range
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import linear_at
from robustbench_endo.corruptions.kernels.interpolation.permuted_taps import PADDING, relative_starts, supported


@pytest.mark.parametrize("factor", [1.0, 0.97, 0.5])
@pytest.mark.parametrize("width", [3, 16, 33, 100])
@pytest.mark.parametrize("lanes", supported())
def test_every_variant_has_the_bits_of_look_ups(lanes: int, width: int, factor: float) -> None:
    arrays = linear_at(np.arange(width) * factor + 0.3, width).arrays
    row = np.random.default_rng(0).random(width).astype(np.float32)
    expected = np.full(width, 0.25, np.float32)
    add_range.py_func(row, arrays.start32, arrays.by_tap, 0, width, expected)
    padded = np.concatenate((row, np.full(PADDING, np.nan, np.float32)))
    added = np.full(width, 0.25, np.float32)
    supported()[lanes](padded, arrays.start32, relative_starts(arrays.start32, lanes), arrays.by_tap, added)
    np.testing.assert_array_equal(added, expected)


def test_starts_count_from_the_first_of_their_group() -> None:
    starts = np.array([[0, 1, 1, 2, 3], [4, 4, 5, 5, 6]], np.int32)
    assert relative_starts(starts, 2).tolist() == [[0, 1, 0, 1, 0], [0, 0, 0, 0, 0]]
    assert relative_starts(starts, 1).max() == 0


def test_a_processor_set_by_hand_gets_the_variant_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("numba.config.CPU_NAME", "generic", raising=False)
    assert list(supported()) == [1]
