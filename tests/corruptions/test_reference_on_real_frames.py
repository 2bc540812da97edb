"""The corruptions without randomness against the reference package (imagecorruptions-imaug), on real frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from robustbench_endo.corruptions import load_suite

imagecorruptions = pytest.importorskip("imagecorruptions", reason="extra `imagecorruptions` is not installed")
NAMES = (
    *("brightness", "contrast", "saturate", "gaussian_blur", "defocus_blur"),
    *("pixelate", "zoom_blur", "jpeg_compression"),
)


@pytest.mark.parametrize("severity", [1, 3, 5])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("source", "height", "width"), [("endovis15/test", 480, 640), ("endovis18/image", 301, 407)])
def test_at_most_two_levels_apart(
    name: str, severity: int, source: str, height: int, width: int, shared_data: Path
) -> None:
    path = sorted(path for path in (shared_data / source).rglob("*.png") if "mask" not in path.parts)[0]
    pixels = np.array(Image.open(path).convert("RGB"))[:height, :width]
    images = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    damaged = load_suite("imagenet-c").corrupt(images, name, severity, ["a"]).images
    apart = np.abs((damaged[0].permute(1, 2, 0) * 255).numpy() - imagecorruptions.corrupt(pixels, severity, name))
    # They truncate to whole levels: up to 1 of the 2 levels allowed, half a level on average.
    assert apart.max() <= 2
    assert apart.mean() <= 1
