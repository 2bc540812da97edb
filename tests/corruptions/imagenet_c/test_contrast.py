"""Contrast on encoded values: the mean stays, the standard deviation is scaled."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from robustbench_endo.corruptions.imagenet_c.contrast import Contrast


def test_contrast_keeps_the_mean_of_each_channel(frames: Callable[..., Tensor]) -> None:
    images = frames(1)
    corrupted = Contrast()(images, 5, ["a"]).images
    assert torch.allclose(corrupted.mean((2, 3)), images.mean((2, 3)), atol=1e-5)
    assert torch.allclose(corrupted.std((2, 3)), 0.05 * images.std((2, 3)), rtol=1e-3)
