"""Look-ups of bytes: vector and scalar form, every length, and sums."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from robustbench_endo.corruptions.kernels.color.byte_table import look_up, look_up_scalar, sums_of_16_bits


@pytest.mark.parametrize("function", [look_up, look_up_scalar])
@pytest.mark.parametrize("length", [1, 63, 64, 192, 200, 3 * 33 * 45])
@pytest.mark.parametrize("channels", [1, 3])
def test_look_up_agrees_with_numpy(function: Callable[..., None], length: int, channels: int) -> None:
    random = np.random.default_rng(0)
    tables = random.integers(0, 256, (channels, 256), np.uint8)
    source = random.integers(0, 256, length, np.uint8)
    target = np.zeros_like(source)
    function(tables, source, target)
    assert np.array_equal(target, tables[np.arange(length) % channels, source])


def test_sums_of_16_bits_are_exact() -> None:
    random = np.random.default_rng(0)
    low, high, frame = (random.integers(0, 256, shape).astype(np.uint8) for shape in ((1, 256), (1, 256), (37, 41, 3)))
    values = 256 * high.astype(np.int64) + low
    assert np.array_equal(sums_of_16_bits(frame, low, high), values[0, frame].sum((0, 1)))
