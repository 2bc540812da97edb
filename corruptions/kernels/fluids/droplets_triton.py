"""Heights of drops and runs on a GPU, all trails of a node at once (see :mod:`.droplets`).

Import this module only where :func:`.triton_support.use_triton` is true.
"""

from __future__ import annotations

import triton
import triton.language as tl
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import on_device

_NODES = 512  # nodes per program


def trail_heights(trails: Tensor, warp: Tensor) -> Tensor:
    """:func:`.droplets.trail_heights` of trails (B, K, 10) at nodes displaced by ``warp`` (B, 2, h, w)."""
    trails, warp = trails.contiguous(), warp.contiguous()
    height, width = warp.shape[-2:]
    out = warp.new_empty(len(warp), 1, height, width)
    with on_device(warp.device):
        _trail_heights[(triton.cdiv(height * width, _NODES), len(warp))](
            trails, warp, out, trails.shape[1], height * width, width, trails.shape[2], _NODES,
            enable_fp_fusion=False,
        )  # fmt: skip
    return out


@triton.jit(do_not_specialize=["trails", "number", "count", "width"])
def _trail_heights(  # type: ignore[no-untyped-def]
    trails, warp, out, number, count, width, fields: tl.constexpr, nodes: tl.constexpr
):  # fmt: skip
    image = tl.program_id(1).to(tl.int64)
    node = tl.program_id(0) * nodes + tl.arange(0, nodes)
    inside = node < count
    displacement = warp + image * 2 * count + node
    y = (node // width).to(tl.float32) + tl.load(displacement, mask=inside, other=0.0)
    x = (node % width).to(tl.float32) + tl.load(displacement + count, mask=inside, other=0.0)
    total = tl.zeros_like(y)
    for k in range(number):
        total += _squared_height(y, x, trails + (image * number + k) * fields)
    tl.store(out + image * count + node, tl.sqrt(total), mask=inside)


@triton.jit
def _squared_height(y, x, trail):  # type: ignore[no-untyped-def]
    row, column = tl.load(trail), tl.load(trail + 1)
    down, across, length = tl.load(trail + 2), tl.load(trail + 3), tl.load(trail + 4)
    head, tail, swing = tl.load(trail + 5), tl.load(trail + 6), tl.load(trail + 7)
    windings, phase = tl.load(trail + 8), tl.load(trail + 9)
    behind = (row - y) * down + (column - x) * across
    aside = (y - row) * across - (x - column) * down
    fraction = tl.minimum(tl.maximum(tl.div_rn(behind, length), 0.0), 1.0)
    turn = fraction * windings + phase
    wave = (turn - tl.floor(turn)) * 2.0 - 1.0
    aside -= swing * fraction * 4.0 * wave * (1.0 - tl.abs(wave))
    behind -= fraction * length
    rest = 1.0 - fraction
    radius = tail + (head - tail) * rest * rest * rest
    cap = 1.0 - tl.div_rn(behind * behind + aside * aside, radius * radius)
    rise = radius * tl.maximum(cap, 0.0)
    return rise * rise
