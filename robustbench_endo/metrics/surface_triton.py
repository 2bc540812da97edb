"""The two heavy steps of the surface distances as Triton kernels: see :mod:`.surface_gpu`.

Imported only where :func:`.surface_gpu.fused` is true.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

_COLUMNS = 64  # a program of the first step
_POINTS = 32  # a program of the second: one warp, so that few points wait for the farthest


def steps_to_site(sites: Tensor, image: Tensor, label: Tensor) -> Tensor:
    """Rows between each pixel and the nearest site of its column, int16 (J, H, W); H where the column has none.

    Args:
        sites: uint8 (B, H, W), labels of boundary pixels.
        image, label: int64 (J,), which image and which class.
    """
    _, height, width = sites.shape
    steps = torch.empty((len(image), height, width), dtype=torch.int16, device=sites.device)
    grid = (triton.cdiv(width, _COLUMNS), len(image))
    _steps[grid](sites.contiguous(), image, label, steps, height, width, _COLUMNS, num_warps=2, enable_fp_fusion=False)
    return steps


def nearest_squares(steps: Tensor, points: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Squared distance, float64 (N,), from points (N, 3) of (pair, row, column) by tables of squared steps."""
    squares = torch.empty(len(points), dtype=torch.float64, device=points.device)
    _, height, width = steps.shape
    grid = (triton.cdiv(len(points), _POINTS),)
    _nearest[grid](
        steps, points.contiguous(), down, across, squares, len(points), height, width, _POINTS,
        num_warps=1, enable_fp_fusion=False,
    )  # fmt: skip
    return squares


@triton.jit
def _steps(sites, image, label, steps, height, width, columns: tl.constexpr):  # type: ignore[no-untyped-def]
    pair = tl.program_id(1).to(tl.int64)
    x = tl.program_id(0) * columns + tl.arange(0, columns)
    inside = x < width
    source = sites + tl.load(image + pair) * height * width + x
    out = steps + pair * height * width + x
    class_label = tl.load(label + pair).to(tl.int32)
    near = tl.zeros_like(x) + height
    for y in range(height):
        site = tl.load(source + y * width, mask=inside, other=255).to(tl.int32)
        near = tl.where(site == class_label, 0, tl.minimum(near + 1, height))
        tl.store(out + y * width, near.to(tl.int16), mask=inside)
    for y in range(2, height + 1):
        out_row = out + (height - y) * width
        near = tl.minimum(near + 1, tl.load(out_row, mask=inside, other=0).to(tl.int32))
        tl.store(out_row, near.to(tl.int16), mask=inside)


@triton.jit
def _nearest(  # type: ignore[no-untyped-def]
    steps, points, down, across, squares, count, height, width, block: tl.constexpr
):
    i = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
    inside = i < count
    row = tl.load(points + 3 * i, mask=inside, other=0) * height + tl.load(points + 3 * i + 1, mask=inside, other=0)
    x = tl.load(points + 3 * i + 2, mask=inside, other=0)
    line = steps + row * width + x
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
    tl.store(squares + i, best, mask=inside)
