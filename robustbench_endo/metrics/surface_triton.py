"""The two heavy steps of the surface distances as Triton kernels: see :mod:`.surface_gpu`.

Import this module only where :func:`.triton_support.use_triton` is true.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

_COLUMNS = 64  # a program of the first step
_POINTS = 32  # a program of the second: one warp, so that few points wait for the farthest


def steps_to_site(edges: Tensor, image: Tensor, label: Tensor) -> Tensor:
    """Rows between each pixel and the nearest site of its column in the other map; H where the column has none.

    Args:
        edges: uint8 (2, B, H, W), labels of boundary pixels of both maps.
        image, label: int64 (J,), which image and which class.

    Returns:
        int16 (2, J, H, W): to the sites of the second map, then to those of the first.
    """
    _, batch, height, width = edges.shape
    steps = torch.empty((2, len(image), height, width), dtype=torch.int16, device=edges.device)
    # One axis, as the others end at 65,535.
    grid = (2 * len(image) * triton.cdiv(width, _COLUMNS),)
    _steps[grid](
        edges, image, label, steps, len(image), batch, height, width, _COLUMNS, num_warps=2, enable_fp_fusion=False
    )
    return steps


def nearest_squares(steps: Tensor, points: Tensor, pair: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Squared distances of points, float64 (N,).

    Args:
        steps: int16 (2, J, H, W), see :func:`steps_to_site`.
        points: int64 (N,), positions in maps of H x W, one after the other.
        pair: int32 (N,), of each point, 0 to 2 J - 1.
        down, across: squared steps along rows (H + 1,) and columns (W + 1,), see :func:`.surface_gpu.squares`.
    """
    out = torch.empty(len(points), dtype=torch.float64, device=points.device)
    height, width = steps.shape[2:]
    grid = (triton.cdiv(len(points), _POINTS),)
    _nearest[grid](
        steps, points, pair, down, across, out, len(points), height * width, width, _POINTS,
        num_warps=1, enable_fp_fusion=False,
    )  # fmt: skip
    return out


@triton.jit(do_not_specialize=("edges", "image", "label", "out", "pairs", "batch", "height", "width"))
def _steps(  # type: ignore[no-untyped-def]
    edges, image, label, out, pairs, batch, height, width, columns: tl.constexpr
):
    blocks = tl.cdiv(width, columns)
    pair = tl.program_id(0) // blocks
    x = tl.program_id(0) % blocks * columns + tl.arange(0, columns)
    inside = x < width
    other = 1 - pair // pairs
    source = edges + (other * batch + tl.load(image + pair % pairs)) * height * width + x
    line = out + pair.to(tl.int64) * height * width + x
    site = tl.load(label + pair % pairs).to(tl.int32)
    near = tl.zeros_like(x) + height
    # Four rows are loaded before the first is stored, which might be the memory of the others for all Triton knows.
    for y in range(0, height, 4):
        row, rows = source + y * width, tl.zeros_like(x) + (height - y)
        a = tl.load(row, mask=inside, other=255).to(tl.int32)
        b = tl.load(row + width, mask=inside & (rows > 1), other=255).to(tl.int32)
        c = tl.load(row + 2 * width, mask=inside & (rows > 2), other=255).to(tl.int32)
        d = tl.load(row + 3 * width, mask=inside & (rows > 3), other=255).to(tl.int32)
        near = tl.where(a == site, 0, tl.minimum(near + 1, height))
        tl.store(line + y * width, near.to(tl.int16), mask=inside)
        near = tl.where(b == site, 0, tl.minimum(near + 1, height))
        tl.store(line + (y + 1) * width, near.to(tl.int16), mask=inside & (rows > 1))
        near = tl.where(c == site, 0, tl.minimum(near + 1, height))
        tl.store(line + (y + 2) * width, near.to(tl.int16), mask=inside & (rows > 2))
        near = tl.where(d == site, 0, tl.minimum(near + 1, height))
        tl.store(line + (y + 3) * width, near.to(tl.int16), mask=inside & (rows > 3))
    near = tl.zeros_like(x) + height
    for reverse in range(0, height, 4):
        y = height - 1 - reverse
        row, rows = line + y * width, tl.zeros_like(x) + (height - reverse)
        a = tl.load(row, mask=inside, other=0).to(tl.int32)
        b = tl.load(row - width, mask=inside & (rows > 1), other=0).to(tl.int32)
        c = tl.load(row - 2 * width, mask=inside & (rows > 2), other=0).to(tl.int32)
        d = tl.load(row - 3 * width, mask=inside & (rows > 3), other=0).to(tl.int32)
        near = tl.minimum(near + 1, a)
        tl.store(row, near.to(tl.int16), mask=inside)
        near = tl.minimum(near + 1, b)
        tl.store(row - width, near.to(tl.int16), mask=inside & (rows > 1))
        near = tl.minimum(near + 1, c)
        tl.store(row - 2 * width, near.to(tl.int16), mask=inside & (rows > 2))
        near = tl.minimum(near + 1, d)
        tl.store(row - 3 * width, near.to(tl.int16), mask=inside & (rows > 3))


@triton.jit(do_not_specialize=("steps", "points", "pair", "down", "across", "out", "count", "pixels", "width"))
def _nearest(  # type: ignore[no-untyped-def]
    steps, points, pair, down, across, out, count, pixels, width, block: tl.constexpr
):
    i = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
    inside = i < count
    point = tl.load(points + i, mask=inside, other=0)
    x = (point % width).to(tl.int32)
    line = steps + tl.load(pair + i, mask=inside, other=0).to(tl.int64) * pixels + point % pixels
    best = tl.load(down + tl.load(line, mask=inside, other=0).to(tl.int32), mask=inside, other=0.0)
    k = 1
    bound = tl.load(across + 1)
    while (k < width) & (tl.max((bound < best).to(tl.int32), 0) > 0):
        for j in tl.static_range(4):
            step = k + j
            flat = tl.load(across + tl.minimum(step, width))
            active = inside & (flat < best)
            left, right = active & (step <= x), active & (x + step < width)
            first = tl.load(line - step, mask=left, other=0).to(tl.int32)
            second = tl.load(line + step, mask=right, other=0).to(tl.int32)
            best = tl.where(left, tl.minimum(best, tl.load(down + first, mask=left, other=0.0) + flat), best)
            best = tl.where(right, tl.minimum(best, tl.load(down + second, mask=right, other=0.0) + flat), best)
        k += 4
        bound = tl.load(across + tl.minimum(k, width))
    tl.store(out + i, best, mask=inside)
