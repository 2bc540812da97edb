"""Reduction and enlargement of 8-bit images against those of values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.interpolation.residual_bytes import (
    block_means,
    block_sums,
    residual_upsample_bytes,
)
from robustbench_endo.corruptions.kernels.interpolation.residual_upsample import residual_upsample


@pytest.mark.parametrize("factor", [2, 4])
def test_residual_upsample_bytes_agrees_with_values(factor: int, frames: Callable[..., Tensor]) -> None:
    images = frames(1)
    levels = np.ascontiguousarray((images[0] * 255).round().byte().permute(1, 2, 0).numpy())
    sums = block_sums(levels, factor)
    coarse = torch.nn.functional.avg_pool2d(images, factor)
    assert np.abs(sums / factor**2 - (coarse[0] * 255).permute(1, 2, 0).numpy()).max() < 1e-3
    processed = 255 - block_means(sums, factor)
    values = torch.from_numpy(processed).permute(2, 0, 1)[None].float() / 255
    expected = residual_upsample(images, coarse, values, 6 / 255)
    result = residual_upsample_bytes(levels, sums, processed, 6.0)
    assert np.abs(result - (expected[0] * 255).permute(1, 2, 0).numpy()).max() < 0.51


def test_block_means_round_halves_up() -> None:
    assert block_means(np.array([1, 2, 3, 6], np.int32), 2).tolist() == [0, 1, 1, 2]
