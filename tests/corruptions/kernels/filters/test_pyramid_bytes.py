"""Filters of 8-bit images at a reduced scale against those of values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from torch import Tensor

from robustbench_endo.corruptions.kernels.filters.pyramid_blur import filter_at_reduced_scale
from robustbench_endo.corruptions.kernels.filters.pyramid_bytes import filter_bytes_at_reduced_scale


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_filter_bytes_at_reduced_scale_agrees_with_values(factor: int, frames: Callable[..., Tensor]) -> None:
    images = frames(1)[..., :-5, :-3]
    levels = np.ascontiguousarray((images[0] * 255).round().byte().permute(1, 2, 0).numpy())
    expected = filter_at_reduced_scale(images, factor, 9, "mirror", lambda coarse: coarse)
    filtered = filter_bytes_at_reduced_scale(levels, factor, 9, "mirror", lambda coarse: coarse)
    assert np.abs(filtered - (expected[0] * 255).permute(1, 2, 0).numpy()).max() < 0.51
