"""Fixed-point filters against the filters of values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.filters.separable import half_gaussian, separable_filter
from robustbench_endo.corruptions.kernels.filters.separable_bytes import MAXIMUM_RADIUS, separable_filter_bytes


@pytest.mark.parametrize("sigmas", [(0.1, 0.1), (0.4, 0.8), (1.0, 2.0), (3.9, 1.3), (12.0, 12.0)])
def test_separable_filter_bytes_agrees_with_values(sigmas: tuple[float, float], frames: Callable[..., Tensor]) -> None:
    column, row = (half_gaussian(sigma) for sigma in sigmas)
    assert max(len(column), len(row)) <= MAXIMUM_RADIUS + 1
    noise = torch.rand(1, 3, 96, 131, generator=torch.Generator().manual_seed(0)).round()
    for images in (frames(1), noise, torch.ones(1, 3, 40, 70)):
        levels = (images[0] * 255).round().byte().permute(1, 2, 0).numpy()
        expected = (separable_filter(images, column, row, "nearest")[0] * 255).permute(1, 2, 0).numpy()
        assert np.abs(separable_filter_bytes(levels, column, row, "nearest") - expected).max() < 1
