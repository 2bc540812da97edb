"""Brightness against the reference package, and what it does to hue, saturation and black."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions.occlusion.brightness import Brightness


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("size", [(96, 128), (96, 112)])
def test_reference_package(severity: int, size: tuple[int, int], frames: Callable[..., Tensor]) -> None:
    reference_size = pytest.importorskip(
        "imagecorruptions.corruptions", reason="extra `imagecorruptions` is not installed"
    )
    images = torch.cat((frames(1, *size), torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))))
    # An odd crop; black and grey pixels have no hue.
    images = (images[..., :-1] * 255).round() / 255
    images[:, :, :8], images[:, :, 8:16] = 0.0, 0.4
    ours = Brightness()(images, severity, ["a", "b"]).images
    for image, damaged in zip(images, ours, strict=True):
        theirs = reference_size.brightness((image.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8), severity)
        assert np.abs(damaged.permute(1, 2, 0).double().numpy() * 255 - theirs).max() <= 0.5


def test_value_rises_by_the_offset_and_stops_at_white() -> None:
    images = torch.tensor([0.0, 0.2, 0.6, 0.9]).reshape(1, 1, 2, 2).repeat(1, 3, 16, 16)
    damaged = Brightness()(images, 3, ["a"]).images
    assert torch.allclose(damaged, (images + 0.3).clamp(max=1.0), atol=1e-6)


def test_ratio_of_the_channels_is_kept() -> None:
    images = torch.tensor([0.4, 0.1, 0.2]).reshape(1, 3, 1, 1).expand(1, 3, 32, 32)
    damage = Brightness()(images, 5, ["a"])
    assert torch.allclose(damage.images, images * (0.9 / 0.4), atol=1e-6)
    assert damage.opacity is None
