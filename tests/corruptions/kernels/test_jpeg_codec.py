"""The batched codec against libjpeg."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from robustbench_endo.corruptions.kernels.jpeg_codec import (
    jpeg_round_trip,
    jpeg_round_trip_torch,
    quantiser,
)


def psnr(a: Tensor, b: Tensor) -> float:
    return float(-10 * torch.log10((a - b).square().mean()))


@pytest.mark.parametrize("quality", [7, 25, 60, 95])
@pytest.mark.parametrize("size", [(96, 128), (95, 121)])
def test_within_2_db_of_libjpeg_and_close_to_its_picture(
    quality: int, size: tuple[int, int], frames: Callable[..., Tensor]
) -> None:
    images = frames()[..., : size[0], : size[1]]
    libjpeg, ours = jpeg_round_trip(images, quality), jpeg_round_trip_torch(images, quality)
    assert ours.shape == images.shape
    assert psnr(ours, images) == pytest.approx(psnr(libjpeg, images), abs=0.5)
    assert psnr(ours, libjpeg) > psnr(libjpeg, images) + 6


@pytest.mark.parametrize("quality", [1, 7, 50, 90, 100])
def test_quantiser_is_the_one_in_the_file(quality: int) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (16, 16)).save(stream, "JPEG", quality=quality)
    assert np.array_equal(quantiser(quality).ravel(), Image.open(stream).quantization[0])


def test_flat_colours_survive() -> None:
    flat = torch.full((1, 3, 32, 48), 0.5) * torch.tensor([1.0, 0.6, 0.4])[:, None, None]
    assert (jpeg_round_trip_torch(flat, 50) - flat).abs().max() < 4 / 255
