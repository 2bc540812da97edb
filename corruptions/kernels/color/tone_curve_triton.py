"""Interpolated tables on a GPU, every value read and written once (see :mod:`.tone_curve`).

Import this module only where :func:`.triton_support.use_triton` is true.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import on_device

_PIXELS = 1024  # per program


def interpolate_tables(values: Tensor, tables: Tensor, steps: float, limit: float) -> Tensor:
    """:func:`.tone_curve.interpolate_tables` of values (B, C, H, W) and tables (B or 1, C or 1, n)."""
    values, tables = values.contiguous(), tables.contiguous()
    out = torch.empty_like(values)
    batch, channels, height, width = values.shape
    size = tables.shape[2]
    image_step = 0 if tables.shape[0] == 1 else tables.shape[1] * size
    channel_step = 0 if tables.shape[1] == 1 else size
    programs = triton.cdiv(height * width, _PIXELS)  # per plane
    with on_device(values.device):
        _interpolate_tables[(programs * batch * channels,)](
            values, tables, out, float(steps), float(limit), programs, height * width, channels, size,
            image_step, channel_step, _PIXELS, enable_fp_fusion=False,
        )  # fmt: skip
    return out


@triton.jit(do_not_specialize=["programs", "count", "channels", "size", "image_step", "channel_step"])
def _interpolate_tables(  # type: ignore[no-untyped-def]
    values, tables, out, steps, limit, programs, count, channels, size, image_step, channel_step,
    pixels: tl.constexpr,
):  # fmt: skip
    plane = tl.program_id(0) // programs
    pixel = tl.program_id(0) % programs * pixels + tl.arange(0, pixels)
    inside = pixel < count
    offset = plane.to(tl.int64) * count + pixel
    position = tl.load(values + offset, mask=inside, other=0.0) * steps
    position = tl.minimum(tl.maximum(position, 0.0), limit)
    first = tl.minimum(position.to(tl.int32), size - 2)
    table = tables + plane // channels * image_step + plane % channels * channel_step
    low = tl.load(table + first)
    high = tl.load(table + first + 1)
    tl.store(out + offset, low + (position - first) * (high - low), mask=inside)
