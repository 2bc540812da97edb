"""The compiled and the batched codec against libjpeg: the same pixels."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, features
from torch import Tensor

from robustbench_endo.corruptions.kernels.jpeg.codec import (
    jpeg_round_trip,
    jpeg_round_trip_bytes,
    jpeg_round_trip_torch,
)

turbo = pytest.mark.skipif(
    not features.check("libjpeg_turbo"), reason="this Pillow decodes with another library than libjpeg-turbo"
)


def _libjpeg(frame: np.ndarray, quality: int) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray(frame).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


def _torch(frame: np.ndarray, quality: int) -> np.ndarray:
    images = torch.from_numpy(frame).permute(2, 0, 1)[None].float() / 255
    return (jpeg_round_trip_torch(images, quality) * 255).round().byte()[0].permute(1, 2, 0).numpy()


FORMS = pytest.mark.parametrize("form", [jpeg_round_trip_bytes, _torch], ids=["compiled", "torch"])


@turbo
@FORMS
@pytest.mark.parametrize("quality", [1, 7, 18, 25, 50, 80, 95, 100])
@pytest.mark.parametrize("size", [(96, 128), (95, 121), (41, 50), (33, 63), (8, 8), (9, 17)])
def test_round_trip_equals_libjpeg_on_frames(
    form: Callable[..., np.ndarray], quality: int, size: tuple[int, int], frames: Callable[..., Tensor]
) -> None:
    for image in (frames() * 255).round().byte():
        frame = image.permute(1, 2, 0)[: size[0], : size[1]].contiguous().numpy()
        np.testing.assert_array_equal(form(frame, quality), _libjpeg(frame, quality))


@turbo
@FORMS
@pytest.mark.parametrize("quality", [1, 7, 60, 98])
def test_round_trip_equals_libjpeg_on_noise_and_pure_colours(form: Callable[..., np.ndarray], quality: int) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (75, 90, 3), np.uint8)
    for frame in (levels, np.where(levels > 127, 255, 0).astype(np.uint8)):
        np.testing.assert_array_equal(form(frame, quality), _libjpeg(frame, quality))


@turbo
@FORMS
def test_round_trip_equals_libjpeg_on_real_frames(form: Callable[..., np.ndarray], shared_data: Path) -> None:
    paths = sorted((shared_data / "endovis18" / "image").glob("*.png"))[:2]
    assert paths, "expected frames in endovis18/image"
    for path in paths:
        frame = np.array(Image.open(path).convert("RGB"))[:301, :407]
        for quality in (7, 25, 80):
            np.testing.assert_array_equal(form(frame, quality), _libjpeg(frame, quality))


@pytest.mark.parametrize("size", [(96, 128), (41, 50)])
def test_forms_agree_on_values_between_the_levels(size: tuple[int, int], frames: Callable[..., Tensor]) -> None:
    images = frames()[..., : size[0], : size[1]] ** 1.3
    assert torch.equal(jpeg_round_trip(images, 25), jpeg_round_trip_torch(images, 25))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("quality", [7, 25, 80])
def test_jpeg_round_trip_on_a_gpu_equals_the_cpu(quality: int, frames: Callable[..., Tensor]) -> None:
    images = frames(4, 160, 208)[..., :157, :201]
    decoded = jpeg_round_trip(images.cuda(), quality).cpu()
    assert torch.equal((decoded * 255).round(), (jpeg_round_trip(images, quality) * 255).round())


def test_jpeg_round_trip_torch_does_not_modify_its_input(frames: Callable[..., Tensor]) -> None:
    images = frames(1)
    before = images.clone()
    jpeg_round_trip_torch(images, 25)
    assert torch.equal(images, before)


def test_jpeg_round_trip_bytes_is_that_of_values(frames: Callable[..., Tensor]) -> None:
    images = frames(1)[..., :-3, :-5]
    levels = (images[0] * 255).round().byte().permute(1, 2, 0).numpy()
    expected = (jpeg_round_trip(images, 15)[0] * 255).round().byte().permute(1, 2, 0).numpy()
    assert np.array_equal(jpeg_round_trip_bytes(levels, 15), expected)
