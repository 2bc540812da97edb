"""The batched codec against libjpeg: the same pixels."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, features
from scipy.fft import dct
from torch import Tensor

from robustbench_endo.corruptions.kernels.jpeg.codec import jpeg_round_trip
from robustbench_endo.corruptions.kernels.jpeg.dct import CHROMINANCE, LUMINANCE, cosine_matrix, quantiser
from robustbench_endo.corruptions.kernels.jpeg.device import jpeg_round_trip_torch

turbo = pytest.mark.skipif(
    not features.check("libjpeg_turbo"), reason="this Pillow decodes with another library than libjpeg-turbo"
)


@turbo
@pytest.mark.parametrize("quality", [1, 7, 18, 25, 50, 80, 95, 100])
@pytest.mark.parametrize("size", [(96, 128), (95, 121), (41, 50), (33, 63)])
def test_frames_come_out_as_from_libjpeg(quality: int, size: tuple[int, int], frames: Callable[..., Tensor]) -> None:
    images = frames()[..., : size[0], : size[1]]
    assert torch.equal(jpeg_round_trip_torch(images, quality), jpeg_round_trip(images, quality))


@turbo
@pytest.mark.parametrize("quality", [7, 60, 98])
def test_noise_and_pure_colours_come_out_as_from_libjpeg(quality: int) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (1, 3, 75, 90))
    for picture in (levels, 255 * (levels > 127)):
        images = torch.from_numpy(picture).float() / 255
        assert torch.equal(jpeg_round_trip_torch(images, quality), jpeg_round_trip(images, quality))


@turbo
def test_real_frames_come_out_as_from_libjpeg(shared_data: Path) -> None:
    paths = sorted((shared_data / "endovis18" / "image").glob("*.png"))[:2]
    assert paths, "expected frames in endovis18/image"
    for path in paths:
        picture = torch.from_numpy(np.array(Image.open(path).convert("RGB"))[:301, :407])
        images = picture.permute(2, 0, 1)[None].float() / 255
        for quality in (7, 25, 80):
            assert torch.equal(jpeg_round_trip_torch(images, quality), jpeg_round_trip(images, quality))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("quality", [7, 25, 80])
def test_a_gpu_gives_the_pixels_of_the_cpu(quality: int, frames: Callable[..., Tensor]) -> None:
    images = frames(4, 160, 208)[..., :157, :201]
    decoded = jpeg_round_trip(images.cuda(), quality).cpu()
    assert torch.equal((decoded * 255).round(), (jpeg_round_trip(images, quality) * 255).round())


def test_the_matrix_is_the_cosine_transform_to_13_bits() -> None:
    ideal = dct(np.eye(8), axis=0, norm="ortho") * 8**0.5 * 2**13
    assert np.abs(cosine_matrix() - ideal).max() < 2
    assert np.array_equal(cosine_matrix(), np.round(cosine_matrix()))


@pytest.mark.parametrize("quality", [1, 7, 50, 90, 100])
def test_quantiser_is_the_one_in_the_file(quality: int) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (16, 16)).save(stream, "JPEG", quality=quality)
    tables = Image.open(stream).quantization
    assert np.array_equal(quantiser(quality, LUMINANCE).ravel(), tables[0])
    assert np.array_equal(quantiser(quality, CHROMINANCE).ravel(), tables[1])


def test_input_is_left_alone(frames: Callable[..., Tensor]) -> None:
    images = frames(1)
    before = images.clone()
    jpeg_round_trip_torch(images, 25)
    assert torch.equal(images, before)
