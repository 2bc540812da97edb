"""Fractal Perlin noise on a GPU, all octaves of a point at once (see :mod:`.perlin`).

Import this module only where :func:`.triton_support.use_triton` is true.
"""

from __future__ import annotations

import triton
import triton.language as tl
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import on_device

_POINTS = 512  # points per program


def fractal_perlin_noise(
    x: Tensor, y: Tensor, tables: Tensor, directions: Tensor, amplitudes: Tensor, shift: float
) -> Tensor:
    """Fractal Perlin noise, float32 of the shape of ``x``.

    Args:
        x: float32 (B, H, W), position in units of the largest cell.
        y: the other axis, of the same shape or one that expands to it.
        tables: int64 (B, 256), the hash table of each image, a permutation.
        directions: float32 (16, 2), gradients.
        amplitudes: float32 (octaves,).
        shift: offset of each octave against the one before, in cells of the octave.
    """
    x, y = x.contiguous(), y.expand(x.shape).contiguous()
    out = x.new_empty(x.shape)
    count = x[0].numel()
    with on_device(x.device):
        _fractal_perlin_noise[(triton.cdiv(count, _POINTS), len(x))](
            x, y, tables.contiguous(), directions, amplitudes, out, shift, count, len(amplitudes), _POINTS,
            enable_fp_fusion=False,
        )  # fmt: skip
    return out


@triton.jit(do_not_specialize=["count", "octaves"])
def _fractal_perlin_noise(  # type: ignore[no-untyped-def]
    x, y, tables, directions, amplitudes, out, shift, count, octaves, points: tl.constexpr
):  # fmt: skip
    image = tl.program_id(1).to(tl.int64)
    point = tl.program_id(0) * points + tl.arange(0, points)
    inside = point < count
    point += image * count
    table = tables + image * 256
    column, row = tl.load(x + point, mask=inside, other=0.0), tl.load(y + point, mask=inside, other=0.0)
    total = tl.zeros_like(column)
    frequency, offset = 1.0, 0.0
    for octave in range(octaves):
        height = _octave(column * frequency + offset, row * frequency + offset, table, directions)
        total += tl.load(amplitudes + octave) * height
        frequency *= 2.0
        offset += shift
    tl.store(out + point, total, mask=inside)


@triton.jit
def _octave(x, y, table, directions):  # type: ignore[no-untyped-def]
    left, top = tl.floor(x), tl.floor(y)
    u, v = x - left, y - top
    column, row = left.to(tl.int32), top.to(tl.int32)
    first = tl.load(table + (column & 255)).to(tl.int32) + row
    second = tl.load(table + ((column + 1) & 255)).to(tl.int32) + row
    across, down = _fade(u), _fade(v)
    a, b = _height(first, u, v, table, directions), _height(second, u - 1.0, v, table, directions)
    c = _height(first + 1, u, v - 1.0, table, directions)
    d = _height(second + 1, u - 1.0, v - 1.0, table, directions)
    upper, lower = a + across * (b - a), c + across * (d - c)
    return upper + down * (lower - upper)


@triton.jit
def _height(hashed, u, v, table, directions):  # type: ignore[no-untyped-def]
    turn = tl.load(table + (hashed & 255)).to(tl.int32) & 15
    return tl.load(directions + 2 * turn) * u + tl.load(directions + 2 * turn + 1) * v


@triton.jit
def _fade(t):  # type: ignore[no-untyped-def]
    return t * t * t * (t * (t * 6.0 - 15.0) + 10.0)
