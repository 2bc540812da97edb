"""The deterministic corruptions against the package imagecorruptions at its constants (suite imagenet-c)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from robustbench_endo.corruptions import load_suite

imagecorruptions = pytest.importorskip("imagecorruptions", reason="extra `imagecorruptions` is not installed")


def difference(images: Tensor, pixels: NDArray[np.uint8], name: str, severity: int) -> NDArray[np.float32]:
    """Absolute difference in levels of the two implementations."""
    corrupted = load_suite("imagenet-c").corrupt(images, name, severity, ["a"]).images
    ours = (corrupted[0].permute(1, 2, 0) * 255).numpy()
    return np.abs(ours - imagecorruptions.corrupt(pixels, severity, name))


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    "name",
    [
        *("gaussian_blur", "defocus_blur", "zoom_blur"),
        *("contrast", "jpeg_compression", "pixelate", "saturate"),
    ],
)
@pytest.mark.parametrize("size", [(96, 128), (95, 113)])
@pytest.mark.parametrize("texture", ["frame", "noise", "grey"])
def test_corruptions_agree_with_imagecorruptions_on_textures(
    name: str, severity: int, size: tuple[int, int], texture: str, frames: Callable[..., Tensor]
) -> None:
    images = frames(1, 96, 128)[..., : size[0], : size[1]]
    if texture == "noise":
        images = torch.rand(images.shape, generator=torch.Generator().manual_seed(0)).mul(255).round() / 255
    if texture == "grey":
        images = images[:, :1].expand(-1, 3, -1, -1)
    pixels = (images[0].permute(1, 2, 0) * 255).round().byte().numpy()
    # They truncate to integer levels: up to 1 of the 2 levels allowed.
    assert difference(images, pixels, name, severity).max() <= 2


@pytest.mark.slow
@pytest.mark.parametrize("severity", [1, 3, 5])
@pytest.mark.parametrize(
    "name",
    [
        *("brightness", "contrast", "saturate", "gaussian_blur", "defocus_blur"),
        *("pixelate", "zoom_blur", "jpeg_compression"),
    ],
)
@pytest.mark.parametrize(("source", "height", "width"), [("endovis15/test", 480, 640), ("endovis18/image", 301, 407)])
def test_corruptions_agree_with_imagecorruptions_on_real_frames(
    name: str, severity: int, source: str, height: int, width: int, shared_data: Path
) -> None:
    path = sorted(path for path in (shared_data / source).rglob("*.png") if "mask" not in path.parts)[0]
    pixels = np.array(Image.open(path).convert("RGB"))[:height, :width]
    images = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    apart = difference(images, pixels, name, severity)
    # They truncate to integer levels: up to 1 of the 2 levels allowed, half a level on average.
    assert apart.max() <= 2
    assert apart.mean() <= 1
