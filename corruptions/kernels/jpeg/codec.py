"""Baseline JPEG compression and decompression: libjpeg on the CPU, the same arithmetic in batched torch elsewhere.

The torch form gives the pixels of libjpeg-turbo, bit-identical. Entropy coding is lossless and is left out; the rest is
integer arithmetic, by ITU-T T.871 and the documentation of libjpeg: colour conversion with constants of 16 bits, means
of 2 x 2 for the chroma, the transform of :mod:`.dct`, and triangle interpolation of the chroma.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import torch
from numba import njit
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Bytes, Floats, to_planes, use_numba
from robustbench_endo.corruptions.kernels.jpeg.dct import CHROMINANCE, LUMINANCE, code_blocks, quantisation_table

_FRACTION_BITS = 16
_HALF = 1 << (_FRACTION_BITS - 1)

_ROUNDING = np.float32(0.5 + 2**-10)
"""Halves go up whatever the rounding of the mean they come from, as with integers."""


def jpeg_round_trip(images: Tensor, quality: int) -> Tensor:
    """Compress images and decompress them again.

    Args:
        images: (B, 3, H, W) in [0, 1].
        quality: IJG quality, 1 to 100; the chroma is subsampled 4:2:0.
    """
    if not use_numba(images.device):
        return jpeg_round_trip_torch(images, quality)
    planes = to_planes(images).reshape(*images.shape)
    out = np.empty_like(planes)
    for image, decoded in zip(planes, out, strict=True):
        _from_pixels(_libjpeg(_to_pixels(image), quality), decoded)
    return torch.from_numpy(out)


def jpeg_round_trip_bytes(frame: Bytes, quality: int) -> Bytes:
    """:func:`jpeg_round_trip` of uint8 (H, W, 3)."""
    from PIL import Image

    decoded = _decoded(Image.fromarray(np.ascontiguousarray(frame)), quality)
    return decoded if decoded.shape[2] == 3 else _pack(decoded)


def _libjpeg(pixels: Bytes, quality: int) -> Bytes:
    """Compress and decompress (H, W, 4), of which the fourth channel is ignored, to (H, W, 3) or (H, W, 4)."""
    from PIL import Image

    height, width = pixels.shape[:2]
    # Pillow uses four bytes per pixel in place; three it would copy.
    return _decoded(Image.frombuffer("RGBX", (width, height), pixels, "raw", "RGBX", 0, 1), quality)


def _decoded(image: Any, quality: int) -> Bytes:
    from PIL import Image

    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    decoded = Image.open(stream, formats=("JPEG",))
    decoded.load()
    return _pixels(decoded)


def _pixels(image: Any) -> Bytes:
    """The pixels of an RGB image: its own memory (H, W, 4), if Pillow exports it (since 11.2), or a copy (H, W, 3)."""
    import pyarrow

    try:
        values = pyarrow.array(image).values
    except (ValueError, TypeError, pyarrow.ArrowInvalid):  # an older Pillow, or an image in several blocks of memory
        return np.asarray(image)
    pixels: Bytes = values.to_numpy().reshape(image.height, image.width, 4)
    return pixels


@njit(cache=True, nogil=True)
def _pack(pixels: Bytes) -> Bytes:
    out = np.empty((pixels.shape[0], pixels.shape[1], 3), np.uint8)
    for y in range(len(out)):
        source, target = pixels[y].reshape(-1), out[y].reshape(-1)
        for x in range(out.shape[1]):
            target[3 * x], target[3 * x + 1], target[3 * x + 2] = source[4 * x], source[4 * x + 1], source[4 * x + 2]
    return out


@njit(cache=True, nogil=True)
def _to_pixels(image: Floats) -> Bytes:
    _, height, width = image.shape
    pixels = np.empty((height, width, 4), np.uint8)
    for y in range(height):
        for x in range(width):
            for c in range(3):
                pixels[y, x, c] = np.uint8(image[c, y, x] * np.float32(255.0) + _ROUNDING)
            pixels[y, x, 3] = np.uint8(0)
    return pixels


@njit(cache=True, nogil=True)
def _from_pixels(pixels: Bytes, image: Floats) -> None:
    levels = (np.arange(256) / 255.0).astype(np.float32)
    for c in range(3):
        for y in range(pixels.shape[0]):
            for x in range(pixels.shape[1]):
                image[c, y, x] = levels[pixels[y, x, c]]


def jpeg_round_trip_torch(images: Tensor, quality: int) -> Tensor:
    """:func:`jpeg_round_trip` without libjpeg, on any device."""
    height, width = images.shape[-2:]
    luma, chroma = rgb_to_ycc(images.mul(255.0).add_(float(_ROUNDING)).int())
    luma = code_blocks(_repeat_edge(luma, -height % 8, -width % 8), quantisation_table(quality, LUMINANCE))
    # The last column is repeated up to a full block before the chroma is subsampled, the last row after.
    rows, columns = -(-height // 2), -(-width // 2)
    chroma = subsample_chroma(_repeat_edge(chroma, height % 2, -width % 16))
    chroma = code_blocks(_repeat_edge(chroma, -rows % 8, 0), quantisation_table(quality, CHROMINANCE))
    chroma = upsample_chroma(chroma[..., :rows, :columns])
    return ycc_to_rgb(luma[..., :height, :width], chroma[..., :height, :width]).div_(255.0)


def rgb_to_ycc(levels: Tensor) -> tuple[Tensor, Tensor]:
    """Luma (B, 1, H, W) and chroma (B, 2, H, W), -128 to 127, of int32 (B, 3, H, W), 0 to 255."""
    red, green, blue = levels.chunk(3, dim=1)
    luma = (19595 * red).add_(green, alpha=38470).add_(blue, alpha=7471)
    to_blue = (-11059 * red).add_(green, alpha=-21709).add_(blue, alpha=32768)
    to_red = (32768 * red).add_(green, alpha=-27439).add_(blue, alpha=-5329)
    chroma = torch.cat((to_blue, to_red), dim=1)
    return _round_shift(luma, _HALF) - 128, _round_shift(chroma, _HALF - 1)


def ycc_to_rgb(luma: Tensor, chroma: Tensor) -> Tensor:
    """Inverse of :func:`rgb_to_ycc`: float32 (B, 3, H, W), integers from 0 to 255."""
    to_blue, to_red = chroma.chunk(2, dim=1)
    green = (-22554 * to_blue).add_(to_red, alpha=-46802)
    differences = torch.cat((91881 * to_red, green, 116130 * to_blue), dim=1)
    return _round_shift(differences, _HALF).add_(luma).add_(128).clamp_(0, 255).float()


def subsample_chroma(chroma: Tensor) -> Tensor:
    """Means of 2 x 2; halves are rounded down and up alternately along a row."""
    rows = chroma[..., ::2, :] + chroma[..., 1::2, :]
    total = rows[..., ::2] + rows[..., 1::2]
    bias = torch.arange(total.shape[-1], dtype=torch.int32, device=chroma.device) % 2 + 1
    return total.add_(bias).bitwise_right_shift_(2)


def upsample_chroma(chroma: Tensor) -> Tensor:
    """Twice the size: along both axes three quarters of the nearer sample and a quarter of the farther one."""
    rows = torch.stack(_quarter_steps(chroma, -2), dim=-2).flatten(-3, -2)
    left, right = _quarter_steps(rows, -1)
    return torch.stack((left.add_(8), right.add_(7)), dim=-1).flatten(-2).bitwise_right_shift_(4)


def _quarter_steps(samples: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """Four times the samples a quarter before and a quarter after each one; the edge is repeated."""
    size = samples.shape[axis]
    index = torch.arange(size, device=samples.device)
    near = 3 * samples
    before = samples.index_select(axis, (index - 1).clamp_(min=0))
    after = samples.index_select(axis, (index + 1).clamp_(max=size - 1))
    return before.add_(near), after.add_(near)


def _repeat_edge(samples: Tensor, rows: int, columns: int) -> Tensor:
    """``samples`` with the last row and the last column repeated so many times."""
    if rows > 0:
        samples = torch.cat((samples, samples[..., -1:, :].expand(-1, -1, rows, -1)), dim=-2)
    if columns > 0:
        samples = torch.cat((samples, samples[..., -1:].expand(-1, -1, -1, columns)), dim=-1)
    return samples


def _round_shift(values: Tensor, offset: int) -> Tensor:
    return values.add_(offset).bitwise_right_shift_(_FRACTION_BITS)
