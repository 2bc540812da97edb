"""Baseline JPEG there and back for a whole batch on any device: the pixels of libjpeg-turbo, bit for bit.

Entropy coding loses nothing and is left out. What is left is arithmetic on whole numbers, by ITU-T T.871 and the
documentation of libjpeg: colours with constants of 16 bits, means of 2 x 2 for the chroma, the transform of
:mod:`.jpeg_blocks`, and triangle interpolation of the chroma.
"""

from __future__ import annotations

import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.jpeg.dct import CHROMINANCE, LUMINANCE, coded, quantiser

_POINT = 16
_HALF = 1 << (_POINT - 1)


def jpeg_round_trip_torch(images: Tensor, quality: int) -> Tensor:
    """:func:`.jpeg_codec.jpeg_round_trip` without libjpeg, on any device."""
    height, width = images.shape[-2:]
    luma, chroma = to_ycc(images.mul(255.0).add_(0.5).int())
    luma = coded(_repeated(luma, -height % 8, -width % 8), quantiser(quality, LUMINANCE))
    # The last column is repeated up to a whole block before the chroma is halved, the last row after.
    rows, columns = -(-height // 2), -(-width // 2)
    chroma = halved(_repeated(chroma, height % 2, -width % 16))
    chroma = coded(_repeated(chroma, -rows % 8, 0), quantiser(quality, CHROMINANCE))
    chroma = doubled(chroma[..., :rows, :columns])
    return to_rgb(luma[..., :height, :width], chroma[..., :height, :width]).div_(255.0)


def to_ycc(levels: Tensor) -> tuple[Tensor, Tensor]:
    """Luma (B, 1, H, W) and chroma (B, 2, H, W), -128 to 127, of int32 (B, 3, H, W), 0 to 255."""
    red, green, blue = levels.chunk(3, dim=1)
    luma = (19595 * red).add_(green, alpha=38470).add_(blue, alpha=7471)
    to_blue = (-11059 * red).add_(green, alpha=-21709).add_(blue, alpha=32768)
    to_red = (32768 * red).add_(green, alpha=-27439).add_(blue, alpha=-5329)
    chroma = torch.cat((to_blue, to_red), dim=1)
    return _shifted(luma, _HALF) - 128, _shifted(chroma, _HALF - 1)


def to_rgb(luma: Tensor, chroma: Tensor) -> Tensor:
    """The inverse of :func:`to_ycc`: float32 (B, 3, H, W), whole numbers from 0 to 255."""
    to_blue, to_red = chroma.chunk(2, dim=1)
    green = (-22554 * to_blue).add_(to_red, alpha=-46802)
    differences = torch.cat((91881 * to_red, green, 116130 * to_blue), dim=1)
    return _shifted(differences, _HALF).add_(luma).add_(128).clamp_(0, 255).float()


def halved(chroma: Tensor) -> Tensor:
    """Means of 2 x 2; halves are rounded down and up in turn along a row."""
    rows = chroma[..., ::2, :] + chroma[..., 1::2, :]
    total = rows[..., ::2] + rows[..., 1::2]
    bias = torch.arange(total.shape[-1], dtype=torch.int32, device=chroma.device) % 2 + 1
    return total.add_(bias).bitwise_right_shift_(2)


def doubled(chroma: Tensor) -> Tensor:
    """Along both axes three quarters of the nearer sample and a quarter of the farther one."""
    rows = torch.stack(_quarters(chroma, -2), dim=-2).flatten(-3, -2)
    left, right = _quarters(rows, -1)
    return torch.stack((left.add_(8), right.add_(7)), dim=-1).flatten(-2).bitwise_right_shift_(4)


def _quarters(samples: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """Four times the samples a quarter before and a quarter behind each one; the edge is repeated."""
    size = samples.shape[axis]
    index = torch.arange(size, device=samples.device)
    near = 3 * samples
    before = samples.index_select(axis, (index - 1).clamp_(min=0))
    behind = samples.index_select(axis, (index + 1).clamp_(max=size - 1))
    return before.add_(near), behind.add_(near)


def _repeated(samples: Tensor, rows: int, columns: int) -> Tensor:
    """``samples`` with the last row and the last column repeated so many times."""
    if rows > 0:
        samples = torch.cat((samples, samples[..., -1:, :].expand(-1, -1, rows, -1)), dim=-2)
    if columns > 0:
        samples = torch.cat((samples, samples[..., -1:].expand(-1, -1, -1, columns)), dim=-1)
    return samples


def _shifted(values: Tensor, offset: int) -> Tensor:
    return values.add_(offset).bitwise_right_shift_(_POINT)
