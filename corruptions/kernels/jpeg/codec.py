"""Baseline JPEG compression and decompression: compiled on the CPU, batched torch elsewhere.

Both give the pixels of libjpeg-turbo, bit for bit. Entropy coding is lossless and is left out; the rest is integer
arithmetic, by ITU-T T.871 and the documentation of libjpeg: colour conversion with constants of 16 bits, means of 2 x 2
for the chroma, the transform of :mod:`.dct`, and triangle interpolation of the chroma.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Bytes, Floats, to_planes, use_numba
from robustbench_endo.corruptions.kernels.color.levels import from_bytes, merge_row
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.device_tables import device_table
from robustbench_endo.corruptions.kernels.jpeg.block_transform import group_steps
from robustbench_endo.corruptions.kernels.jpeg.dct import CHROMINANCE, LUMINANCE, code_blocks, quantisation_table
from robustbench_endo.corruptions.kernels.jpeg.frame_codec import code_frame

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
    decoded = [jpeg_round_trip_bytes(_to_levels(image), quality) for image in planes]
    return torch.from_numpy(from_bytes(np.stack(decoded)))


def jpeg_round_trip_bytes(frame: Bytes, quality: int) -> Bytes:
    """:func:`jpeg_round_trip` of uint8 (H, W, 3)."""
    coded: Bytes = code_frame(np.ascontiguousarray(frame), *_steps(quality))
    return coded


@lru_cache(maxsize=128)
def _steps(quality: int) -> tuple[Floats, Floats]:
    luma, chroma = (group_steps(quantisation_table(quality, base)) for base in (LUMINANCE, CHROMINANCE))
    return luma, chroma


@njit(cache=True, nogil=True)
def _to_levels(image: Floats) -> Bytes:
    _, height, width = image.shape
    frame, levels = np.empty((height, width, 3), np.uint8), np.empty((3, width), np.uint8)
    for y in range(height):
        for c in range(3):
            values, target = image[c, y], levels[c]
            for x in range(width):
                target[x] = np.uint8(np.int32(values[x] * np.float32(255.0) + _ROUNDING))
        merge_row(levels, frame[y].reshape(-1))
    return frame


def jpeg_round_trip_torch(images: Tensor, quality: int) -> Tensor:
    """:func:`jpeg_round_trip` on any device."""
    height, width = images.shape[-2:]
    luma_steps, chroma_steps = (
        device_table(quantisation_table, images.device, quality, base) for base in (LUMINANCE, CHROMINANCE)
    )
    luma, chroma = rgb_to_ycc(images.mul(255.0).add_(float(_ROUNDING)).int())
    luma = code_blocks(_repeat_edge(luma, -height % 8, -width % 8), luma_steps)
    # The last column is repeated up to a full block before the chroma is subsampled, the last row after.
    rows, columns = -(-height // 2), -(-width // 2)
    chroma = subsample_chroma(_repeat_edge(chroma, height % 2, -width % 16))
    chroma = code_blocks(_repeat_edge(chroma, -rows % 8, 0), chroma_steps)
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
