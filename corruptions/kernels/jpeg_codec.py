"""Baseline JPEG there and back: libjpeg on the CPU, the same arithmetic in batched torch elsewhere."""

from __future__ import annotations

import io

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from .backend import Floats, compiled, planes
from .resample import resample_torch
from .taps import bilinear

Pixels = NDArray[np.uint8]

# ITU-T T.81, Annex K, Tables K.1 (luminance) and K.2 (chrominance).
_LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMINANCE = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)
# ITU-T T.871: RGB to luma and the two colour differences.
_TO_YCC = ((0.299, 0.587, 0.114), (-0.168735892, -0.331264108, 0.5), (0.5, -0.418687589, -0.081312411))
_TO_RGB = ((1.0, 0.0, 1.402), (1.0, -0.344136286, -0.714136286), (1.0, 1.772, 0.0))


def jpeg_round_trip(images: Tensor, quality: int) -> Tensor:
    """Code (B, 3, H, W) in [0, 1] at ``quality`` (1 to 100, 4:2:0 chroma) and decode it again."""
    if not compiled(images):
        return jpeg_round_trip_torch(images, quality)
    stack = planes(images).reshape(*images.shape)
    result = np.empty_like(stack)
    for picture, decoded in zip(stack, result, strict=True):
        _to_planes(_libjpeg(_to_pixels(picture), quality), decoded)
    return torch.from_numpy(result)


def jpeg_round_trip_torch(images: Tensor, quality: int) -> Tensor:
    """:func:`jpeg_round_trip` without libjpeg, on any device; entropy coding, being lossless, is left out."""
    height, width = images.shape[-2:]
    ycc = (
        _mix(images.mul(255.0).round(), _TO_YCC) - torch.tensor([128.0, 0.0, 0.0], device=images.device)[:, None, None]
    )
    padded = torch.nn.functional.pad(ycc.round(), (0, -width % 16, 0, -height % 16), mode="replicate")
    luma = _quantised(padded[:, :1], quantiser(quality, _LUMINANCE))
    chroma = _quantised(_halved(padded[:, 1:]), quantiser(quality, _CHROMINANCE))
    rows, columns = chroma.shape[-2:]
    chroma = resample_torch(chroma.round(), bilinear(rows, 2 * rows), bilinear(columns, 2 * columns))
    decoded = _mix(torch.cat((luma.round().clamp(-128, 127) + 128.0, chroma.clamp(-128, 127)), dim=1), _TO_RGB)
    return decoded[..., :height, :width].round().clamp(0.0, 255.0) / 255.0


def quantiser(quality: int, base: tuple[tuple[int, ...], ...] = _LUMINANCE) -> Floats:
    """The (8, 8) quantiser steps at ``quality`` by the Independent JPEG Group's rule, in grey levels."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return ((np.array(base) * scale + 50) // 100).clip(1, 255).astype(np.float32)


def _libjpeg(pixels: Pixels, quality: int) -> Pixels:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


@njit(cache=True, nogil=True)
def _to_pixels(picture: Floats) -> Pixels:
    _, height, width = picture.shape
    pixels = np.empty((height, width, 3), np.uint8)
    for y in range(height):
        for x in range(width):
            for c in range(3):
                pixels[y, x, c] = np.uint8(picture[c, y, x] * np.float32(255.0) + np.float32(0.5))
    return pixels


@njit(cache=True, nogil=True)
def _to_planes(pixels: Pixels, picture: Floats) -> None:
    levels = (np.arange(256) / 255.0).astype(np.float32)
    for c in range(3):
        for y in range(pixels.shape[0]):
            for x in range(pixels.shape[1]):
                picture[c, y, x] = levels[pixels[y, x, c]]


def _mix(images: Tensor, matrix: tuple[tuple[float, ...], ...]) -> Tensor:
    return torch.einsum("ij,bjhw->bihw", torch.tensor(matrix, device=images.device), images)


def _halved(images: Tensor) -> Tensor:
    batch, channels, height, width = images.shape
    return images.reshape(batch, channels, height // 2, 2, width // 2, 2).mean((3, 5)).round()


def _quantised(images: Tensor, steps: Floats) -> Tensor:
    batch, channels, height, width = images.shape
    dct = torch.from_numpy(_dct_matrix()).to(images.device)
    step = torch.from_numpy(steps).to(images.device)[:, None]
    blocks = images.reshape(batch, channels, height // 8, 8, width // 8, 8)
    coefficients = torch.einsum("ui,bcyixj,vj->bcyuxv", dct, blocks, dct)
    kept = (coefficients / step).round() * step
    return torch.einsum("ui,bcyuxv,vj->bcyixj", dct, kept, dct).reshape(images.shape)


def _dct_matrix() -> Floats:
    u, i = np.mgrid[0:8, 0:8]
    matrix: Floats = (0.5 * np.cos((2 * i + 1) * u * np.pi / 16)).astype(np.float32)
    matrix[0] /= np.float32(np.sqrt(2.0))
    return matrix
