"""A severity means the same damage whatever the size of the picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from robustbench_endo.corruptions import CORRUPTIONS, Corruption
from robustbench_endo.metrics import CleanReference

REFERENCE = (256, 320)


each_severity = pytest.mark.parametrize("severity", [1, 3, 5])
each_corruption = pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda item: item.name)


@each_severity
@each_corruption
def test_drawn_frames(corruption: Corruption, severity: int, frames: Callable[..., Tensor]) -> None:
    # One frame with detail of its own at 512 pixels, one with none beyond 256.
    for sides in ((512, 640), (256, 320)):
        assert (
            spread(corruption, severity, F.interpolate(frames(1, *sides), size=(1024, 1280), mode="bilinear")) <= 0.05
        )


@each_severity
@each_corruption
def test_a_real_frame(corruption: Corruption, severity: int, shared_data: Path) -> None:
    path = sorted((shared_data / "endovis18" / "image").glob("*.png"))[0]
    large = torch.from_numpy(np.array(Image.open(path).convert("RGB"))).permute(2, 0, 1)[None].float() / 255
    assert spread(corruption, severity, large) <= 0.05


def spread(corruption: Corruption, severity: int, large: Tensor) -> float:
    """How far the SSIM of the frame differs at most between short sides of 1024, 512 and 256."""
    pictures = [large, F.avg_pool2d(large, 2), F.avg_pool2d(large, 4)]
    scores = [ssim_at_reference(picture, corruption(picture, severity, ["a"]).images) for picture in pictures]
    return max(scores) - min(scores)


def ssim_at_reference(clean: Tensor, damaged: Tensor) -> float:
    a, b = (F.adaptive_avg_pool2d(picture, REFERENCE) for picture in (clean, damaged))
    return float(CleanReference(a).ssim(b))
