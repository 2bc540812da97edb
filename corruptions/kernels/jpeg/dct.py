"""The lossy part of JPEG on 8 x 8 blocks: transform, quantise, restore, in libjpeg's integer arithmetic.

libjpeg's default transform is the factorisation of Loeffler, Ligtenberg & Moschytz (ICASSP 1989) with constants of 13
bits. Between roundings it is linear, so that it is written here as a matrix of integers: float64 represents every
product and sum exactly, whatever their order.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Doubles, Floats

_FRACTION_BITS = 13  # fractional bits of the matrix

_PASS_BITS = 2  # fractional bits between the two passes


def code_blocks(samples: Tensor, table: Tensor) -> Tensor:
    """Transform, quantise, dequantise and transform back every 8 x 8 block.

    Args:
        samples: (B, C, H, W), integers from -128 to 127; H and W multiples of 8.
        table: (8, 8), quantiser steps, on the device of ``samples``.

    Returns:
        int32, the same shape and range.
    """
    matrix = _matrix_on(samples.device)
    step = table.to(matrix)[:, None]
    batch, channels, height, width = samples.shape
    blocks = samples.to(matrix.dtype).reshape(batch, channels, height // 8, 8, width // 8, 8)
    rows = _round_scale(blocks @ matrix.T, _FRACTION_BITS - _PASS_BITS)
    coefficients = _round_scale(
        _transform_columns(matrix, rows), _FRACTION_BITS + _PASS_BITS
    )  # 8 times those of the standard
    restored = _quantise(coefficients, 8.0 * step).mul_(step)
    columns = _round_scale(_transform_columns(matrix.T, restored), _FRACTION_BITS - _PASS_BITS)
    values = _round_scale(columns @ matrix, _FRACTION_BITS + _PASS_BITS + 3)
    return values.clamp_(-128, 127).reshape(samples.shape).int()


def _transform_columns(matrix: Tensor, blocks: Tensor) -> Tensor:
    return (matrix @ blocks.flatten(-2)).reshape(blocks.shape)


def _round_scale(values: Tensor, bits: int) -> Tensor:
    """``values`` / 2^bits to the nearest integer, halves upwards."""
    return values.mul_(2.0**-bits).add_(0.5).floor_()


def _quantise(coefficients: Tensor, step: Tensor) -> Tensor:
    """``coefficients`` / ``step`` to the nearest integer, halves away from zero."""
    magnitude = coefficients.abs().add_(step / 2).div_(step).floor_()
    return magnitude.copysign_(coefficients)


@lru_cache(maxsize=16)
def _matrix_on(device: torch.device) -> Tensor:
    # Metal has no float64; a pixel may differ there by a rounding.
    dtype = torch.float32 if device.type == "mps" else torch.float64
    return torch.from_numpy(cosine_matrix()).to(device=device, dtype=dtype)


def cosine_matrix() -> Doubles:
    """(8, 8): sqrt(8) 2^13 times the orthonormal cosine transform, with rounded constants."""
    x = np.eye(8)
    sums, differences = x[:4] + x[:3:-1], x[:4] - x[:3:-1]
    (outer, inner), (far, near) = sums[:2] + sums[:1:-1], sums[:2] - sums[:1:-1]
    even = fixed_point(6) * (far + near)
    p, q, r, s = differences
    odd = fixed_point(3) * (p + q + r + s)
    ps, qr = fixed_point(3, -7) * (p + s), fixed_point(1, 3) * (q + r)
    pr, qs = odd - fixed_point(3, -5) * (p + r), odd - fixed_point(3, 5) * (q + s)
    return np.stack(
        (
            2.0**_FRACTION_BITS * (outer + inner),
            fixed_point(1, 3, -5, -7) * p - ps + pr,
            even + fixed_point(2, -6) * far,
            fixed_point(1, 3, 5, -7) * q - qr + qs,
            2.0**_FRACTION_BITS * (outer - inner),
            fixed_point(1, 3, -5, 7) * r - qr + pr,
            even - fixed_point(2, 6) * near,
            fixed_point(3, 5, -1, -7) * s - ps + qs,
        )
    )


def fixed_point(*angles: int) -> float:
    """The sum of sqrt(2) cos(k pi / 16) over ``angles`` k, subtracted where k is negative, in steps of 2^-13.

    >>> fixed_point(2, -6)
    6270.0
    """
    total = sum(np.copysign(np.sqrt(2.0) * np.cos(abs(k) * np.pi / 16), k) for k in angles)
    return float(np.floor(total * 2.0**_FRACTION_BITS + 0.5))


Table = tuple[tuple[int, ...], ...]

# ITU-T T.81, Annex K, Tables K.1 (luminance) and K.2 (chrominance).
LUMINANCE: Table = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)

CHROMINANCE: Table = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)


def quantisation_table(quality: int, base: Table = LUMINANCE) -> Floats:
    """The (8, 8) quantiser steps at ``quality`` (1 to 100) by the rule of the Independent JPEG Group, in grey levels.

    >>> quantisation_table(50)[0].astype(int).tolist()
    [16, 11, 10, 16, 24, 40, 51, 61]
    """
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return ((np.array(base) * scale + 50) // 100).clip(1, 255).astype(np.float32)
