"""Saturation: black, white and grey stay, colours move away from grey within the gamut."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from robustbench_endo.corruptions.digital.saturate import Saturate


def test_saturate_keeps_grey_and_widens_colours(frames: Callable[..., Tensor]) -> None:
    images = frames(1)
    saturate = Saturate()
    grey = images[:, :1].expand(-1, 3, -1, -1)
    assert torch.allclose(saturate.apply(grey, saturate.severities[4], None), grey, atol=1e-4)
    spreads = [images.amax(1) - images.amin(1)]
    for params in saturate.severities:
        corrupted = saturate.apply(images, params, None)
        spreads.append(corrupted.amax(1) - corrupted.amin(1))
        assert bool((spreads[-1] >= spreads[-2] - 1e-3).all())
    assert float((spreads[-1] - spreads[0]).mean()) > 0.05
