"""Noise laid over a picture on a GPU: cells looked up, applied and written in one pass (see :mod:`.noise_ops`).

Unfused arithmetic gives the bits of the CPU. Only code that asked :func:`.fused.fused` imports this module.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import launching
from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_of_pixel

_PIXELS = 1024  # a program
_ADD, _MULTIPLY, _REPLACE = 0, 1, 2


def add_noise(images: Tensor, cells: Tensor, std: float, grain: float) -> Tensor:
    """``images`` (B, C, H, W) + std z; z (B, C, rows, columns) holds one number a cell."""
    return _laid(images, cells, std, 0.0, grain, _ADD)


def multiply_noise(images: Tensor, cells: Tensor, std: float, grain: float) -> Tensor:
    """``images`` x (1 + std z)."""
    return _laid(images, cells, std, 0.0, grain, _MULTIPLY)


def salt_and_pepper(images: Tensor, cells: Tensor, share: float, grain: float) -> Tensor:
    """``images``, black where u < share / 2 and white where u > 1 - share / 2."""
    return _laid(images, cells, share / 2, 1 - share / 2, grain, _REPLACE)


def photon_counts(images: Tensor, photons: float, draws: Tensor, table: Tensor, grain: float) -> Tensor:
    """Poisson(``photons`` x ``images``) / ``photons`` by ``draws`` (B, 2 * chunks, C, rows, columns).

    ``table`` is :func:`.poisson.cumulative` on the device of ``images``.
    """
    images, draws, out = images.contiguous(), draws.contiguous(), torch.empty_like(images)
    row, column = (cell_of_pixel(length, grain, images.device) for length in images.shape[-2:])
    with launching(images.device):
        _count[_grid(images)](
            images, draws, row, column, table, out, photons, draws.shape[1] // 2, images[0].numel(),
            *images.shape[-2:], *draws.shape[-2:], _PIXELS, enable_fp_fusion=False,
        )  # fmt: skip
    return out


def _laid(images: Tensor, cells: Tensor, low: float, high: float, grain: float, kind: int) -> Tensor:
    images, cells, out = images.contiguous(), cells.contiguous(), torch.empty_like(images)
    row, column = (cell_of_pixel(length, grain, images.device) for length in images.shape[-2:])
    with launching(images.device):
        _lay[_grid(images)](
            images, cells, row, column, out, low, high, images[0].numel(),
            *images.shape[-2:], *cells.shape[-2:], kind, _PIXELS, enable_fp_fusion=False,
        )  # fmt: skip
    return out


def _grid(images: Tensor) -> tuple[int, int]:
    return triton.cdiv(images[0].numel(), _PIXELS), len(images)


@triton.jit
def _cell(place, inside, row, column, height, width, rows, columns):  # type: ignore[no-untyped-def]
    """The index of the cell of the pixel at ``place``, a number below channels x height x width."""
    line = place // width
    r = tl.load(row + line % height, mask=inside).to(tl.int32)
    c = tl.load(column + place % width, mask=inside).to(tl.int32)
    return (line // height * rows + r) * columns + c


@triton.jit
def _lay(  # type: ignore[no-untyped-def]
    images, cells, row, column, out, low, high, count, height, width, rows, columns, kind: tl.constexpr,
    pixels: tl.constexpr,
):  # fmt: skip
    image = tl.program_id(1).to(tl.int64)
    place = tl.program_id(0) * pixels + tl.arange(0, pixels)
    inside = place < count
    cell = _cell(place, inside, row, column, height, width, rows, columns)
    number = tl.load(cells + image * (count // height // width * rows * columns) + cell, mask=inside)
    value = tl.load(images + image * count + place, mask=inside)
    if kind == 0:
        value = value + low * number
    elif kind == 1:
        value = value + value * number * low
    else:
        value = tl.where(number < low, 0.0, tl.where(number > high, 1.0, value))
    tl.store(out + image * count + place, value, mask=inside)


@triton.jit
def _count(  # type: ignore[no-untyped-def]
    images, draws, row, column, table, out, photons, chunks, count, height, width, rows, columns,
    pixels: tl.constexpr,
):  # fmt: skip
    image = tl.program_id(1).to(tl.int64)
    place = tl.program_id(0) * pixels + tl.arange(0, pixels)
    inside = place < count
    cell = _cell(place, inside, row, column, height, width, rows, columns)
    field = count // height // width * rows * columns
    draw = draws + image * 2 * chunks * field + cell
    rate = photons * tl.load(images + image * count + place, mask=inside, other=0.0)
    total = tl.zeros_like(rate)
    for chunk in range(chunks):
        part = tl.minimum(tl.maximum(rate - chunk * 64.0, 0.0), 64.0)
        first = tl.load(draw + 2 * chunk * field, mask=inside, other=0.5)
        second = tl.load(draw + (2 * chunk + 1) * field, mask=inside, other=0.5)
        level = (part * 16.0).to(tl.int32)
        total += _inverted(table, level, first) + _small(part - level.to(tl.float32) * 0.0625, second)
    tl.store(out + image * count + place, total / photons, mask=inside)


@triton.jit
def _inverted(table, level, uniform):  # type: ignore[no-untyped-def]
    """The smallest count whose distribution function reaches ``uniform``, by bisection over 128 counts."""
    found = tl.zeros_like(level)
    for bit in tl.static_range(7):
        probe = found + (64 >> bit)
        found = tl.where(tl.load(table + level * 128 + probe - 1) < uniform, probe, found)
    return found.to(tl.float32)


@triton.jit
def _small(rate, uniform):  # type: ignore[no-untyped-def]
    """The count of a rate below 1/16."""
    rate = rate.to(tl.float64)
    term = tl.exp(-rate)
    above = 1.0 - term
    found = tl.zeros_like(uniform)
    for k in tl.static_range(1, 6):
        found += tl.where(uniform.to(tl.float64) < above, 1.0, 0.0)
        term = term * rate / k
        above = above - term
    return found
