"""Baseline JPEG there and back: libjpeg on the CPU, its arithmetic in batched torch elsewhere."""

from __future__ import annotations

import io

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, compiled, planes
from robustbench_endo.corruptions.kernels.jpeg.device import jpeg_round_trip_torch

Px = NDArray[np.uint8]


def jpeg_round_trip(images: Tensor, quality: int) -> Tensor:
    """Code (B, 3, H, W) in [0, 1] at ``quality`` (1 to 100, 4:2:0 chroma) and decode it again."""
    if not compiled(images):
        return jpeg_round_trip_torch(images, quality)
    stack = planes(images).reshape(*images.shape)
    result = np.empty_like(stack)
    for picture, decoded in zip(stack, result, strict=True):
        _to_planes(_libjpeg(_to_pixels(picture), quality), decoded)
    return torch.from_numpy(result)


def _libjpeg(pixels: Px, quality: int) -> Px:
    height, width = pixels.shape[:2]
    stream = io.BytesIO()
    # Pillow takes four bytes a pixel as they lie; three it would copy.
    Image.frombuffer("RGBX", (width, height), pixels, "raw", "RGBX", 0, 1).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream, formats=("JPEG",)))


@njit(cache=True, nogil=True)
def _to_pixels(picture: Floats) -> Px:
    _, height, width = picture.shape
    pixels = np.empty((height, width, 4), np.uint8)
    for y in range(height):
        for x in range(width):
            for c in range(3):
                pixels[y, x, c] = np.uint8(picture[c, y, x] * np.float32(255.0) + np.float32(0.5))
            pixels[y, x, 3] = np.uint8(0)
    return pixels


@njit(cache=True, nogil=True)
def _to_planes(pixels: Px, picture: Floats) -> None:
    levels = (np.arange(256) / 255.0).astype(np.float32)
    for c in range(3):
        for y in range(pixels.shape[0]):
            for x in range(pixels.shape[1]):
                picture[c, y, x] = levels[pixels[y, x, c]]
