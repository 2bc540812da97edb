"""Fractal gradient noise on a GPU, all octaves of a point at once (see :mod:`.perlin`).

Only code that asked :func:`.fused.fused` imports this module.
"""

from __future__ import annotations

import triton
import triton.language as tl
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import launching

_POINTS = 512  # a program


def fractal_noise(x: Tensor, y: Tensor, table: Tensor, directions: Tensor, amplitudes: Tensor, shift: float) -> Tensor:
    """The noise at float32 ``x`` (B, H, W) and ``y``, the same shape or one that is expanded to it.

    Args:
        table: int64 (B, 256), a permutation an image.
        directions: float32 (16, 2).
        amplitudes: float32 (octaves,).
        shift: how far each octave is moved, in its own cells, against the one before.
    """
    x, y = x.contiguous(), y.expand(x.shape).contiguous()
    out = x.new_empty(x.shape)
    count = x[0].numel()
    with launching(x.device):
        _fractal[(triton.cdiv(count, _POINTS), len(x))](
            x, y, table.contiguous(), directions, amplitudes, out, shift, count, len(amplitudes), _POINTS,
            enable_fp_fusion=False,
        )  # fmt: skip
    return out


@triton.jit
def _fractal(  # type: ignore[no-untyped-def]
    x, y, table, directions, amplitudes, out, shift, count, octaves, points: tl.constexpr
):  # fmt: skip
    image = tl.program_id(1).to(tl.int64)
    place = tl.program_id(0) * points + tl.arange(0, points)
    inside = place < count
    place += image * count
    hashes = table + image * 256
    column, row = tl.load(x + place, mask=inside, other=0.0), tl.load(y + place, mask=inside, other=0.0)
    total = tl.zeros_like(column)
    scale, moved = 1.0, 0.0
    for octave in range(octaves):
        total += tl.load(amplitudes + octave) * _octave(column * scale + moved, row * scale + moved, hashes, directions)
        scale *= 2.0
        moved += shift
    tl.store(out + place, total, mask=inside)


@triton.jit
def _octave(x, y, hashes, directions):  # type: ignore[no-untyped-def]
    left, top = tl.floor(x), tl.floor(y)
    u, v = x - left, y - top
    column, row = left.to(tl.int32), top.to(tl.int32)
    first = tl.load(hashes + (column & 255)).to(tl.int32) + row
    second = tl.load(hashes + ((column + 1) & 255)).to(tl.int32) + row
    across, down = _fade(u), _fade(v)
    a, b = _height(first, u, v, hashes, directions), _height(second, u - 1.0, v, hashes, directions)
    c = _height(first + 1, u, v - 1.0, hashes, directions)
    d = _height(second + 1, u - 1.0, v - 1.0, hashes, directions)
    upper, lower = a + across * (b - a), c + across * (d - c)
    return upper + down * (lower - upper)


@triton.jit
def _height(hashed, u, v, hashes, directions):  # type: ignore[no-untyped-def]
    turn = tl.load(hashes + (hashed & 255)).to(tl.int32) & 15
    return tl.load(directions + 2 * turn) * u + tl.load(directions + 2 * turn + 1) * v


@triton.jit
def _fade(t):  # type: ignore[no-untyped-def]
    return t * t * t * (t * (t * 6.0 - 15.0) + 10.0)
