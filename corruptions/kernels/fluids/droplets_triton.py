"""The height of drops and runs on a GPU, all trails of a point at once (see :mod:`.droplets`).

Only code that asked :func:`.fused.fused` imports this module.
"""

from __future__ import annotations

import triton
import triton.language as tl
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import launching

_POINTS = 512  # a program


def trail_heights(trails: Tensor, warp: Tensor) -> Tensor:
    """The height (B, 1, h, w) of the union of ``trails`` (B, K, FIELDS) at points moved by ``warp`` (B, 2, h, w)."""
    trails, warp = trails.contiguous(), warp.contiguous()
    height, width = warp.shape[-2:]
    out = warp.new_empty(len(warp), 1, height, width)
    with launching(warp.device):
        _heights[(triton.cdiv(height * width, _POINTS), len(warp))](
            trails, warp, out, trails.shape[1], height * width, width, trails.shape[2], _POINTS,
            enable_fp_fusion=False,
        )  # fmt: skip
    return out


@triton.jit
def _heights(  # type: ignore[no-untyped-def]
    trails, warp, out, number, count, width, fields: tl.constexpr, points: tl.constexpr
):  # fmt: skip
    image = tl.program_id(1).to(tl.int64)
    place = tl.program_id(0) * points + tl.arange(0, points)
    inside = place < count
    moved = warp + image * 2 * count + place
    y = (place // width).to(tl.float32) + tl.load(moved, mask=inside, other=0.0)
    x = (place % width).to(tl.float32) + tl.load(moved + count, mask=inside, other=0.0)
    total = tl.zeros_like(y)
    for k in range(number):
        total += _squared_height(y, x, trails + (image * number + k) * fields)
    tl.store(out + image * count + place, tl.sqrt(total), mask=inside)


@triton.jit
def _squared_height(y, x, trail):  # type: ignore[no-untyped-def]
    row, column = tl.load(trail), tl.load(trail + 1)
    down, across, length = tl.load(trail + 2), tl.load(trail + 3), tl.load(trail + 4)
    head, tail, swing = tl.load(trail + 5), tl.load(trail + 6), tl.load(trail + 7)
    windings, phase = tl.load(trail + 8), tl.load(trail + 9)
    behind = (row - y) * down + (column - x) * across
    aside = (y - row) * across - (x - column) * down
    share = tl.minimum(tl.maximum(tl.div_rn(behind, length), 0.0), 1.0)
    turn = share * windings + phase
    wave = (turn - tl.floor(turn)) * 2.0 - 1.0
    aside -= swing * share * 4.0 * wave * (1.0 - tl.abs(wave))
    behind -= share * length
    rest = 1.0 - share
    radius = tail + (head - tail) * rest * rest * rest
    cap = 1.0 - tl.div_rn(behind * behind + aside * aside, radius * radius)
    rise = radius * tl.maximum(cap, 0.0)
    return rise * rise
