"""Brightness against imagecorruptions, and its effect on hue, saturation and black."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions.imagenet_c.brightness import Brightness
from robustbench_endo.corruptions.rng import Noise


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("size", [(96, 128), (96, 112)])
def test_brightness_agrees_with_imagecorruptions(
    severity: int, size: tuple[int, int], frames: Callable[..., Tensor]
) -> None:
    package = pytest.importorskip("imagecorruptions.corruptions", reason="extra `imagecorruptions` is not installed")
    images = torch.cat((frames(1, *size), torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))))
    # An odd crop; black and grey pixels have no hue.
    images = (images[..., :-1] * 255).round() / 255
    images[:, :, :8], images[:, :, 8:16] = 0.0, 0.4
    brightness = Brightness()
    noise = Noise((1, 2), images.device)
    ours = brightness.apply(images, brightness.severities[severity - 1], noise)
    for image, corrupted in zip(images, ours, strict=True):
        theirs = package.brightness((image.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8), severity)
        assert np.abs(corrupted.permute(1, 2, 0).double().numpy() * 255 - theirs).max() <= 0.5


def test_brightness_adds_the_offset_up_to_white() -> None:
    images = torch.tensor([0.0, 0.2, 0.6, 0.9]).reshape(1, 1, 2, 2).repeat(1, 3, 16, 16)
    corrupted = Brightness()(images, 3, ["a"]).images
    assert torch.allclose(corrupted, (images + 0.3).clamp(max=1.0), atol=1e-6)


def test_brightness_keeps_the_ratio_of_the_channels() -> None:
    images = torch.tensor([0.4, 0.1, 0.2]).reshape(1, 3, 1, 1).expand(1, 3, 32, 32)
    batch = Brightness()(images, 5, ["a"])
    assert torch.allclose(batch.images, images * (0.9 / 0.4), atol=1e-6)
    assert batch.opacity is None
