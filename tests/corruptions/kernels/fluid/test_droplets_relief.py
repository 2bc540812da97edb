"""The relief of droplets: both forms, its range, and no light without a droplet."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.filters.separable import gaussian_blur
from robustbench_endo.corruptions.kernels.fluids.relief import (
    distance,
    outline,
    outline_torch,
    relief_light,
    relief_light_torch,
)


@pytest.fixture
def level() -> Tensor:
    """Droplets of level 170 and above on nothing, (2, 1, 64, 81)."""
    noise = gaussian_blur(torch.randn(2, 1, 64, 81, generator=torch.Generator().manual_seed(0)), 2.5) * 2.0
    return torch.where(noise > 0.2, (170 + 50 * noise).clamp(max=255), 0.0).floor()


def test_outlines_agree(level: Tensor) -> None:
    assert outline(level).any()
    assert torch.equal(outline(level), outline_torch(level))


@pytest.mark.parametrize(("reach", "levels"), [(8, 8), (20, 1), (1, 1)])
def test_forms_agree(level: Tensor, reach: int, levels: int) -> None:
    light = relief_light(level, reach, levels)
    plain = relief_light_torch(level, distance(outline(level), reach), reach, levels)
    assert (light - plain).abs().max() < 1e-5
    assert light.min() == 0
    assert (light.amax((1, 2, 3)) - 1).abs().max() < 1e-6


def test_no_light_without_a_droplet(level: Tensor) -> None:
    light = relief_light(level, 8, 8)
    assert (light[level == 0] == 0).all()
    assert (relief_light(torch.zeros(1, 1, 32, 40), 8, 8) == 0).all()
