"""The same damage at every resolution, seen after resizing to one size."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from skimage.metrics import structural_similarity
from torch import Tensor

from robustbench_endo.corruptions import CORRUPTIONS, Corruption

BLUR_AND_DIGITAL = [item for item in CORRUPTIONS if item.category in ("blur", "digital")]


@pytest.mark.parametrize("corruption", BLUR_AND_DIGITAL, ids=lambda item: item.name)
@pytest.mark.parametrize("severity", [1, 3, 5])
def test_ssim_at_one_size_does_not_depend_on_the_size_of_the_input(
    corruption: Corruption, severity: int, frames: Callable[..., Tensor]
) -> None:
    images = torch.nn.functional.interpolate(frames(2, 256, 256), (512, 512), mode="bilinear")
    scores = []
    for side in (128, 256, 512):
        clean = torch.nn.functional.adaptive_avg_pool2d(images, side)
        damaged = corruption(clean, severity, ["a", "b"], reference_size=128).images
        pair = [torch.nn.functional.adaptive_avg_pool2d(x, 128).mean(1).numpy() for x in (clean, damaged)]
        scores.append(sum(structural_similarity(a, b, data_range=1.0) for a, b in zip(*pair, strict=True)) / 2)
    assert max(scores) - min(scores) <= 0.05
