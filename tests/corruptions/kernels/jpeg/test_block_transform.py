"""The compiled transform of blocks against the matrix form."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_endo.corruptions.kernels.jpeg.block_transform import BLOCKS, code_strip, group_steps
from robustbench_endo.corruptions.kernels.jpeg.dct import code_blocks, quantisation_table


@pytest.mark.parametrize("quality", [1, 10, 50, 97, 100])
def test_a_strip_has_the_numbers_of_the_matrix_form(quality: int) -> None:
    rng = np.random.default_rng(0)
    table = quantisation_table(quality)
    samples = rng.integers(-128, 128, (8, 2 * 8 * BLOCKS), np.int32)
    samples[:, 40:48] = 127  # a flat block, and one of the two extremes
    samples[:, 48:56] = np.where(rng.random((8, 8)) < 0.5, -128, 127)
    expected = code_blocks(torch.from_numpy(samples)[None, None], torch.from_numpy(table))[0, 0].numpy()
    strip = samples.copy()
    code_strip(strip, group_steps(table), np.empty(64 * BLOCKS, np.int32))
    np.testing.assert_array_equal(strip, expected)


def test_group_steps_repeat_each_step_for_the_blocks_of_a_group() -> None:
    steps = group_steps(np.arange(64, dtype=np.float32).reshape(8, 8))
    assert steps.shape == (64 * BLOCKS,)
    assert steps[:BLOCKS].tolist() == [0] * BLOCKS
    assert steps[-1] == 63
