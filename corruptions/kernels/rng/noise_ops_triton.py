"""Noise on a GPU: cells looked up, applied and written in one pass (see :mod:`.noise_ops` and :mod:`.poisson`).

Unfused arithmetic gives the bits of the CPU. Import this module only where :func:`.triton_support.use_triton` is true.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import on_device
from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_of_pixel

_PIXELS = 1024  # pixels per program


def apply_noise(code: int, images: Tensor, cells: Tensor, grain: float, low: float, high: float) -> Tensor:
    """:func:`.noise_ops.apply_noise_torch` of the operation with :data:`.noise_ops.OPERATION_CODES` ``code``."""
    cells = cells.contiguous()
    return _launch(_apply_noise, images, cells, grain, (low, high), cells.shape[-2:], code)


def poisson_noise(images: Tensor, photons: float, draws: Tensor, cdf: Tensor, grain: float) -> Tensor:
    """Poisson(``photons`` x ``images``) / ``photons``.

    Args:
        images: (B, C, H, W) in [0, 1].
        photons: mean count of a white pixel.
        draws: (B, 2 * slices, C, rows, columns), two uniform numbers per rate slice and cell.
        cdf: :func:`.poisson.poisson_cdf` on the device of ``images``.
        grain: side of a cell in pixels.
    """
    draws = draws.contiguous()
    return _launch(_poisson_noise, images, draws, grain, (cdf, photons, draws.shape[1] // 2), draws.shape[-2:])


def _launch(
    kernel: Any,
    images: Tensor,
    numbers: Tensor,
    grain: float,
    arguments: tuple[Any, ...],
    cells: torch.Size,
    *code: int,
) -> Tensor:
    """Run ``kernel`` on every pixel of every image."""
    images = images.contiguous()
    out = torch.empty_like(images)
    rows, columns = (cell_of_pixel(length, grain, images.device) for length in images.shape[-2:])
    count = images[0].numel()
    with on_device(images.device):
        # One axis of programs, as the others end at 65,535.
        kernel[(triton.cdiv(count, _PIXELS) * len(images),)](
            images, numbers, rows, columns, out, *arguments, count, *images.shape[-2:], *cells, *code, _PIXELS,
            enable_fp_fusion=False,
        )  # fmt: skip
    return out


@triton.jit
def _cell(pixel, inside, row, column, height, width, rows, columns):  # type: ignore[no-untyped-def]
    """Index of the cell of ``pixel``, a number below channels x height x width."""
    line = pixel // width
    r = tl.load(row + line % height, mask=inside).to(tl.int32)
    c = tl.load(column + pixel % width, mask=inside).to(tl.int32)
    return (line // height * rows + r) * columns + c


@triton.jit(
    do_not_specialize=(
        "images", "cells", "row", "column", "out", "low", "high", "count", "height", "width", "rows", "columns",
    )
)  # fmt: skip
def _apply_noise(  # type: ignore[no-untyped-def]
    images, cells, row, column, out, low, high, count, height, width, rows, columns, code: tl.constexpr,
    pixels: tl.constexpr,
):  # fmt: skip
    programs = tl.cdiv(count, pixels)
    image = (tl.program_id(0) // programs).to(tl.int64)
    pixel = tl.program_id(0) % programs * pixels + tl.arange(0, pixels)
    inside = pixel < count
    cell = _cell(pixel, inside, row, column, height, width, rows, columns)
    number = tl.load(cells + image * (count // height // width * rows * columns) + cell, mask=inside)
    value = tl.load(images + image * count + pixel, mask=inside)
    if code == 0:
        value = value + low * number
    elif code == 1:
        value = value + value * number * low
    else:
        value = tl.where(number < low, 0.0, tl.where(number > high, 1.0, value))
    tl.store(out + image * count + pixel, value, mask=inside)


@triton.jit(
    do_not_specialize=(
        "images", "draws", "row", "column", "out", "cdf", "photons", "slices", "count", "height", "width", "rows",
        "columns",
    )
)  # fmt: skip
def _poisson_noise(  # type: ignore[no-untyped-def]
    images, draws, row, column, out, cdf, photons, slices, count, height, width, rows, columns,
    pixels: tl.constexpr,
):  # fmt: skip
    programs = tl.cdiv(count, pixels)
    image = (tl.program_id(0) // programs).to(tl.int64)
    pixel = tl.program_id(0) % programs * pixels + tl.arange(0, pixels)
    inside = pixel < count
    cell = _cell(pixel, inside, row, column, height, width, rows, columns)
    field = count // height // width * rows * columns
    draw = draws + image * 2 * slices * field + cell
    rate = photons * tl.load(images + image * count + pixel, mask=inside, other=0.0)
    total = tl.zeros_like(rate)
    for i in range(slices):
        part = tl.minimum(tl.maximum(rate - i * 64.0, 0.0), 64.0)
        first = tl.load(draw + 2 * i * field, mask=inside, other=0.5)
        second = tl.load(draw + (2 * i + 1) * field, mask=inside, other=0.5)
        level = (part * 16.0).to(tl.int32)
        total += _inverse_cdf(cdf, level, first) + _remainder_count(part - level.to(tl.float32) * 0.0625, second)
    tl.store(out + image * count + pixel, total / photons, mask=inside)


@triton.jit
def _inverse_cdf(cdf, level, uniform):  # type: ignore[no-untyped-def]
    """The smallest count whose distribution function reaches ``uniform``, by bisection over 128 counts."""
    count = tl.zeros_like(level)
    for bit in tl.static_range(7):
        probe = count + (64 >> bit)
        count = tl.where(tl.load(cdf + level * 128 + probe - 1) < uniform, probe, count)
    return count.to(tl.float32)


@triton.jit
def _remainder_count(rate, uniform):  # type: ignore[no-untyped-def]
    """The count of a rate below 1/16."""
    rate = rate.to(tl.float64)
    term = tl.exp(-rate)
    above = 1.0 - term
    count = tl.zeros_like(uniform)
    for k in tl.static_range(1, 6):
        count += tl.where(uniform.to(tl.float64) < above, 1.0, 0.0)
        term = term * rate / k
        above = above - term
    return count
