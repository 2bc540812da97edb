"""The lossy part of JPEG on 8 x 8 blocks as compiled integer arithmetic, 16 blocks at a time; the bits of :mod:`.dct`.

The flow graph is that of :func:`.dct.cosine_matrix`. Coefficient k of block b is at ``16 k + b`` of a group: the loops
over the 16 blocks have constant distances, by which they are vectorised.
"""

from __future__ import annotations

import numpy as np

from robustbench_endo.corruptions.kernels.backend import Floats, Indices32
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.jpeg.dct import fixed_point

BLOCKS = 16
"""Number of blocks in a group."""

_UNIT = np.int32(8192)
_C2, _C6 = np.int32(fixed_point(2, -6)), np.int32(fixed_point(6))
_C2_C6 = np.int32(fixed_point(2, 6))
_O = np.int32(fixed_point(3))
_PS, _QR = np.int32(fixed_point(3, -7)), np.int32(fixed_point(1, 3))
_PR, _QS = np.int32(fixed_point(3, -5)), np.int32(fixed_point(3, 5))
_P, _Q = np.int32(fixed_point(1, 3, -5, -7)), np.int32(fixed_point(1, 3, 5, -7))
_R, _S = np.int32(fixed_point(1, 3, -5, 7)), np.int32(fixed_point(3, 5, -1, -7))


def group_steps(table: Floats) -> Floats:
    """Quantiser steps (8, 8) repeated for each block of a group: (1024,)."""
    return np.repeat(table.reshape(-1), BLOCKS)


@njit(cache=True, nogil=True)
def code_strip(strip: Indices32, steps: Floats, group: Indices32) -> None:
    """Transform, quantise, dequantise and transform back the blocks of a strip, in place.

    Args:
        strip: int32 (8, W), integers from -128 to 127; W is a multiple of 128.
        steps: (1024,), the quantiser step of each coefficient of a group, see :func:`group_steps`.
        group: int32 (1024,), memory to work in.
    """
    for first in range(0, strip.shape[1], 8 * BLOCKS):
        for i in range(8):
            for j in range(8):
                for b in range(BLOCKS):
                    group[16 * (8 * i + j) + b] = strip[i, first + 8 * b + j]
        for i in range(8):
            _forward(group, 128 * i, 16, np.int32(1 << 10), np.int32(11))
        for j in range(8):
            _forward(group, 16 * j, 128, np.int32(1 << 14), np.int32(15))
        _quantise(group, steps)
        for j in range(8):
            _inverse(group, 16 * j, 128, np.int32(1 << 10), np.int32(11))
        for i in range(8):
            _inverse(group, 128 * i, 16, np.int32(1 << 17), np.int32(18))
        for i in range(8):
            for j in range(8):
                for b in range(BLOCKS):
                    value = group[16 * (8 * i + j) + b]
                    strip[i, first + 8 * b + j] = min(max(value, np.int32(-128)), np.int32(127))


# Without Python's error model, by which a check for a division by zero would prevent vectorisation.
@njit(cache=True, nogil=True, error_model="numpy")
def _quantise(group: Indices32, steps: Floats) -> None:
    # Coefficients are 8 times those of the standard. With a half added to the integer, no quotient is so close to an
    # integer that float32 reaches it.
    for k in range(len(group)):
        value, step = np.float32(group[k]), steps[k]
        quotient = np.int32((abs(value) + np.float32(4) * step + np.float32(0.5)) / (np.float32(8) * step))
        restored = np.float32(quotient) * step
        group[k] = np.int32(restored if value >= 0 else -restored)


# Every result is cast: numba widens the sum or product of two int32 to int64, of which half as many fit a register.


@njit(cache=True, nogil=True, inline="always")
def _forward(group: Indices32, first: int, step: int, half: np.int32, bits: np.int32) -> None:
    g = group[first:]
    for b in range(BLOCKS):
        x0, x1, x2, x3 = g[b], g[step + b], g[2 * step + b], g[3 * step + b]
        x4, x5, x6, x7 = g[4 * step + b], g[5 * step + b], g[6 * step + b], g[7 * step + b]
        outer, inner = np.int32(x0 + x7 + x3 + x4), np.int32(x1 + x6 + x2 + x5)
        far, near = np.int32(x0 + x7 - x3 - x4), np.int32(x1 + x6 - x2 - x5)
        p, q, r, s = np.int32(x0 - x7), np.int32(x1 - x6), np.int32(x2 - x5), np.int32(x3 - x4)
        even, odd = np.int32(_C6 * (far + near)), np.int32(_O * (p + q + r + s))
        ps, qr = np.int32(_PS * (p + s)), np.int32(_QR * (q + r))
        pr, qs = np.int32(odd - _PR * (p + r)), np.int32(odd - _QS * (q + s))
        g[b] = np.int32(_UNIT * (outer + inner) + half) >> bits
        g[step + b] = np.int32(_P * p - ps + pr + half) >> bits
        g[2 * step + b] = np.int32(even + _C2 * far + half) >> bits
        g[3 * step + b] = np.int32(_Q * q - qr + qs + half) >> bits
        g[4 * step + b] = np.int32(_UNIT * (outer - inner) + half) >> bits
        g[5 * step + b] = np.int32(_R * r - qr + pr + half) >> bits
        g[6 * step + b] = np.int32(even - _C2_C6 * near + half) >> bits
        g[7 * step + b] = np.int32(_S * s - ps + qs + half) >> bits


@njit(cache=True, nogil=True, inline="always")
def _inverse(group: Indices32, first: int, step: int, half: np.int32, bits: np.int32) -> None:
    g = group[first:]
    for b in range(BLOCKS):
        y0, y1, y2, y3 = g[b], g[step + b], g[2 * step + b], g[3 * step + b]
        y4, y5, y6, y7 = g[4 * step + b], g[5 * step + b], g[6 * step + b], g[7 * step + b]
        even, odd = np.int32(_C6 * (y2 + y6)), np.int32(_O * (y1 + y3 + y5 + y7))
        outer, inner = np.int32(_UNIT * (y0 + y4) + half), np.int32(_UNIT * (y0 - y4) + half)
        far, near = np.int32(even + _C2 * y2), np.int32(even - _C2_C6 * y6)
        ps, qr = np.int32(_PS * (y1 + y7)), np.int32(_QR * (y3 + y5))
        pr, qs = np.int32(odd - _PR * (y1 + y5)), np.int32(odd - _QS * (y3 + y7))
        p, q = np.int32(_P * y1 - ps + pr), np.int32(_Q * y3 - qr + qs)
        r, s = np.int32(_R * y5 - qr + pr), np.int32(_S * y7 - ps + qs)
        g[b] = np.int32(outer + far + p) >> bits
        g[step + b] = np.int32(inner + near + q) >> bits
        g[2 * step + b] = np.int32(inner - near + r) >> bits
        g[3 * step + b] = np.int32(outer - far + s) >> bits
        g[4 * step + b] = np.int32(outer - far - s) >> bits
        g[5 * step + b] = np.int32(inner - near - r) >> bits
        g[6 * step + b] = np.int32(inner + near - q) >> bits
        g[7 * step + b] = np.int32(outer + far - p) >> bits
