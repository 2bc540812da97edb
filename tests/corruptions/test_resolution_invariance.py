"""A severity has the same effect at every image size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from skimage.metrics import structural_similarity
from torch import Tensor

from robustbench_endo.corruptions import CORRUPTIONS, Corruption
from robustbench_endo.metrics import CleanReference

REFERENCE = (256, 320)


each_severity = pytest.mark.parametrize("severity", [1, 3, 5])
each_corruption = pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda item: item.name)


@pytest.mark.slow
@each_severity
@each_corruption
def test_severity_has_the_same_ssim_at_three_sizes_of_textured_frames(
    corruption: Corruption, severity: int, frames: Callable[..., Tensor]
) -> None:
    # One frame with detail at 512 pixels, one with none beyond 256.
    for sides in ((512, 640), (256, 320)):
        assert (
            ssim_range(corruption, severity, F.interpolate(frames(1, *sides), size=(1024, 1280), mode="bilinear"))
            <= 0.05
        )


@pytest.mark.slow
@each_severity
@each_corruption
def test_severity_has_the_same_ssim_at_three_sizes_of_a_real_frame(
    corruption: Corruption, severity: int, shared_data: Path
) -> None:
    path = sorted((shared_data / "endovis18" / "image").glob("*.png"))[0]
    large = torch.from_numpy(np.array(Image.open(path).convert("RGB"))).permute(2, 0, 1)[None].float() / 255
    assert ssim_range(corruption, severity, large) <= 0.05


def ssim_range(corruption: Corruption, severity: int, large: Tensor) -> float:
    """Largest difference of the SSIM of the frame between short sides of 1024, 512 and 256."""
    images = [large, F.avg_pool2d(large, 2), F.avg_pool2d(large, 4)]
    scores = [ssim_at_reference(image, corruption(image, severity, ["a"]).images) for image in images]
    return max(scores) - min(scores)


def ssim_at_reference(clean: Tensor, corrupted: Tensor) -> float:
    a, b = (F.adaptive_avg_pool2d(images, REFERENCE) for images in (clean, corrupted))
    return float(CleanReference(a).ssim(b))


BLUR_AND_DIGITAL = [item for item in CORRUPTIONS if item.category in ("blur", "digital")]


@pytest.mark.parametrize("corruption", BLUR_AND_DIGITAL, ids=lambda item: item.name)
@pytest.mark.slow
@pytest.mark.parametrize("severity", [1, 3, 5])
def test_severity_has_the_same_ssim_after_resizing_to_one_size(
    corruption: Corruption, severity: int, frames: Callable[..., Tensor]
) -> None:
    images = F.interpolate(frames(2, 256, 256), (512, 512), mode="bilinear")
    scores = []
    for side in (128, 256, 512):
        clean = F.adaptive_avg_pool2d(images, side)
        corrupted = corruption(clean, severity, ["a", "b"], reference_size=128).images
        pair = [F.adaptive_avg_pool2d(x, 128).mean(1).numpy() for x in (clean, corrupted)]
        scores.append(sum(structural_similarity(a, b, data_range=1.0) for a, b in zip(*pair, strict=True)) / 2)
    assert max(scores) - min(scores) <= 0.05
