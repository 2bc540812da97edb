"""A severity means the same damage whatever the size of the picture."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch.nn.functional as F
from skimage.metrics import structural_similarity
from torch import Tensor

from robustbench_endo.corruptions import CORRUPTIONS, Corruption

REFERENCE = (256, 320)


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda item: item.name)
def test_ssim_at_the_reference_size(corruption: Corruption, frames: Callable[..., Tensor]) -> None:
    large = F.interpolate(frames(1, *REFERENCE), scale_factor=4, mode="bilinear", align_corners=False)
    pictures = [large, F.avg_pool2d(large, 2), F.avg_pool2d(large, 4)]
    scores = [ssim_at_reference(picture, corruption(picture, 3, ["a"]).images) for picture in pictures]
    assert max(scores) - min(scores) <= 0.05


def ssim_at_reference(clean: Tensor, damaged: Tensor) -> float:
    a, b = (F.adaptive_avg_pool2d(picture, REFERENCE)[0].mean(0).numpy() for picture in (clean, damaged))
    return float(structural_similarity(a, b, data_range=1.0))
