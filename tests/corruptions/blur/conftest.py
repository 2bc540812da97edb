"""The point spread of a blur."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions import Corruption

PointSpread = Callable[[Corruption, int], tuple[Tensor, Tensor, Tensor]]


@pytest.fixture
def point_spread() -> PointSpread:
    """``point_spread(corruption, side)``: sum, mean position and variance along each axis of a blurred dot."""

    def measure(corruption: Corruption, side: int) -> tuple[Tensor, Tensor, Tensor]:
        dot = torch.zeros(1, 3, side, side)
        dot[..., side // 2, side // 2] = 1.0
        spread = corruption(dot, 1, ["a"], reference_size=None).images[0, 0].double()
        axes = [torch.arange(side, dtype=torch.float64) for side in spread.shape]
        profiles = [spread.sum(1) / spread.sum(), spread.sum(0) / spread.sum()]
        mean = torch.stack([(p * a).sum() for p, a in zip(profiles, axes, strict=True)])
        variance = torch.stack([(p * a**2).sum() for p, a in zip(profiles, axes, strict=True)]) - mean**2
        return spread.sum(), mean, variance

    return measure
