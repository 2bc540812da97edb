"""The digital category against the reference package (imagecorruptions-imaug) at its constants (suite imagenet-c)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions import load_suite

Frames = Callable[..., Tensor]
imagecorruptions = pytest.importorskip("imagecorruptions", reason="extra `imagecorruptions` is not installed")


def pixels(images: Tensor) -> NDArray[np.uint8]:
    return (images[0].permute(1, 2, 0) * 255).round().byte().numpy()


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("name", ["contrast", "jpeg_compression", "pixelate", "saturate"])
@pytest.mark.parametrize("size", [(96, 128), (95, 113)])
@pytest.mark.parametrize("texture", ["frame", "noise", "grey"])
def test_deterministic_ones_agree(
    name: str, severity: int, size: tuple[int, int], texture: str, frames: Frames
) -> None:
    images = frames(1, 96, 128)[..., : size[0], : size[1]]
    if texture == "noise":
        images = torch.rand(images.shape, generator=torch.Generator().manual_seed(0)).mul(255).round() / 255
    if texture == "grey":
        images = images[:, :1].expand(-1, 3, -1, -1)
    damaged = load_suite("imagenet-c").corrupt(images, name, severity, ["a"]).images
    mine = (damaged[0].permute(1, 2, 0) * 255).numpy()
    # They truncate to whole levels: up to 1 of the 2 levels allowed.
    assert np.abs(mine - imagecorruptions.corrupt(pixels(images), severity, name)).max() <= 2


@pytest.mark.parametrize(("severity", "height"), [(1, 256), (5, 256), (3, 160)])
def test_elastic_displaces_as_much_and_as_smoothly(severity: int, height: int) -> None:
    ramp = np.linspace(0, 255, 256).round().astype(np.uint8)
    image = np.broadcast_to(ramp[None, :, None], (height, 256, 3)).copy()
    np.random.seed(0)  # noqa: NPY002 - the package draws from numpy's global generator
    theirs = imagecorruptions.corrupt(image, severity, "elastic_transform")[..., 0] + 0.5 - image[..., 0]
    images = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    damage = load_suite("imagenet-c").corrupt(images, "elastic_transform", severity, ["a"])
    mine = (damage.images[0, 0] * 255).numpy() - image[..., 0]
    inner = slice(16, -16)
    a, b = (x[inner, inner] for x in (theirs, mine))
    # One level of the ramp is one pixel; theirs is cut to whole levels, which adds a variance of 1/12.
    assert (a.var() - 1 / 12) ** 0.5 == pytest.approx(b.std(), rel=0.06)
    for lag in (3, 6, 12):
        assert correlation(a, lag) == pytest.approx(correlation(b, lag), abs=0.08)


def correlation(field: NDArray[np.float64], lag: int) -> float:
    """Between values ``lag`` columns apart."""
    return float(np.corrcoef(field[:, lag:].ravel(), field[:, :-lag].ravel())[0, 1])
