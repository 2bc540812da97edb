"""The lossy half of JPEG on 8 x 8 blocks: transform, quantise, restore, in libjpeg's whole numbers.

libjpeg's default transform is the factorisation of Loeffler, Ligtenberg & Moschytz (ICASSP 1989) with constants of 13
bits. Between roundings it is linear, so that it is written here as a matrix of whole numbers: float64 holds every
product and sum exactly, whatever their order.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Doubles, Floats

_FRACTION = 13  # bits after the point of the matrix

_KEPT = 2  # bits after the point between the two passes


def coded(samples: Tensor, steps: Floats) -> Tensor:
    """What is left of ``samples`` after coding with the quantiser ``steps`` (8, 8).

    Args:
        samples: (B, C, H, W), whole numbers from -128 to 127; H and W multiples of 8.

    Returns:
        int32, the same shape and range.
    """
    matrix = _matrix_on(samples.device)
    step = torch.from_numpy(steps).to(matrix)[:, None]
    batch, channels, height, width = samples.shape
    blocks = samples.to(matrix.dtype).reshape(batch, channels, height // 8, 8, width // 8, 8)
    rows = _shifted(blocks @ matrix.T, _FRACTION - _KEPT)
    coefficients = _shifted(_on_columns(matrix, rows), _FRACTION + _KEPT)  # 8 times those of the standard
    restored = _quantised(coefficients, 8.0 * step).mul_(step)
    columns = _shifted(_on_columns(matrix.T, restored), _FRACTION - _KEPT)
    values = _shifted(columns @ matrix, _FRACTION + _KEPT + 3)
    return values.clamp_(-128, 127).reshape(samples.shape).int()


def _on_columns(matrix: Tensor, blocks: Tensor) -> Tensor:
    return (matrix @ blocks.flatten(-2)).reshape(blocks.shape)


def _shifted(values: Tensor, bits: int) -> Tensor:
    """``values`` / 2^bits to the nearest whole number, halves upwards."""
    return values.mul_(2.0**-bits).add_(0.5).floor_()


def _quantised(coefficients: Tensor, step: Tensor) -> Tensor:
    """``coefficients`` / ``step`` to the nearest whole number, halves away from zero."""
    size = coefficients.abs().add_(step / 2).div_(step).floor_()
    return size.copysign_(coefficients)


@lru_cache(maxsize=16)
def _matrix_on(device: torch.device) -> Tensor:
    # Metal has no float64; a pixel may differ there by a rounding.
    dtype = torch.float32 if device.type == "mps" else torch.float64
    return torch.from_numpy(cosine_matrix()).to(device=device, dtype=dtype)


def cosine_matrix() -> Doubles:
    """(8, 8): sqrt(8) 2^13 times the orthonormal cosine transform, as rounded constants have it."""
    c = np.sqrt(2.0) * np.cos(np.arange(8) * np.pi / 16)
    x = np.eye(8)
    sums, differences = x[:4] + x[:3:-1], x[:4] - x[:3:-1]
    (outer, inner), (far, near) = sums[:2] + sums[:1:-1], sums[:2] - sums[:1:-1]
    turn = _fixed(c[6]) * (far + near)
    p, q, r, s = differences
    twist = _fixed(c[3]) * (p + q + r + s)
    ps, qr = _fixed(c[3] - c[7]) * (p + s), _fixed(c[1] + c[3]) * (q + r)
    pr, qs = twist - _fixed(c[3] - c[5]) * (p + r), twist - _fixed(c[3] + c[5]) * (q + s)
    return np.stack(
        (
            2.0**_FRACTION * (outer + inner),
            _fixed(c[1] + c[3] - c[5] - c[7]) * p - ps + pr,
            turn + _fixed(c[2] - c[6]) * far,
            _fixed(c[1] + c[3] + c[5] - c[7]) * q - qr + qs,
            2.0**_FRACTION * (outer - inner),
            _fixed(c[1] + c[3] - c[5] + c[7]) * r - qr + pr,
            turn - _fixed(c[2] + c[6]) * near,
            _fixed(c[3] + c[5] - c[1] - c[7]) * s - ps + qs,
        )
    )


def _fixed(constant: float) -> float:
    return float(np.floor(constant * 2.0**_FRACTION + 0.5))


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


def quantiser(quality: int, base: Table = LUMINANCE) -> Floats:
    """The (8, 8) quantiser steps at ``quality`` by the Independent JPEG Category's rule, in grey levels."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return ((np.array(base) * scale + 50) // 100).clip(1, 255).astype(np.float32)
