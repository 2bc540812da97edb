"""Look-ups of bytes: vector and scalar form, every length, and sums."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_endo.corruptions.kernels.color.byte_table import (
    look_up_image,
    look_up_row,
    look_up_scalar,
    sums_of_16_bits,
)


@pytest.mark.parametrize("length", [1, 63, 64, 200])
def test_look_up_row_agrees_with_numpy(length: int) -> None:
    random = np.random.default_rng(0)
    table, source = random.permutation(256).astype(np.uint8), random.integers(0, 256, length).astype(np.uint8)
    for look_up in (look_up_row, look_up_scalar):
        target = np.zeros_like(source)
        look_up(table, source, target)
        assert np.array_equal(target, table[source])


def test_look_up_image_takes_the_table_of_each_channel() -> None:
    random = np.random.default_rng(0)
    tables, frame = (random.integers(0, 256, shape).astype(np.uint8) for shape in ((3, 256), (33, 45, 3)))
    out = np.empty_like(frame)
    look_up_image(frame, tables, out)
    assert np.array_equal(out, np.stack([tables[c][frame[..., c]] for c in range(3)], axis=-1))


def test_sums_of_16_bits_are_exact() -> None:
    random = np.random.default_rng(0)
    low, high, frame = (random.integers(0, 256, shape).astype(np.uint8) for shape in (256, 256, (37, 41, 3)))
    values = 256 * high.astype(np.int64) + low
    assert np.array_equal(sums_of_16_bits(frame, low, high), values[frame].sum((0, 1)))
