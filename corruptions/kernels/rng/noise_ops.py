"""Noise laid over a picture, cell by cell, in one pass on the CPU."""

from __future__ import annotations

import numpy as np
import torch
from numba import njit
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Indices, Scalar, batch, compiled, planes
from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_of_pixel, spread
from robustbench_endo.corruptions.kernels.triton_support import fused

_ADD, _MULTIPLY, _REPLACE = 0, 1, 2


def add_noise(images: Tensor, cells: Tensor, std: float, grain: float) -> Tensor:
    """``images`` (B, C, H, W) + std z; z holds one number a cell of ``grain`` pixels, see :mod:`.noise_cells`."""
    if fused(images.device):
        from robustbench_endo.corruptions.kernels.rng import noise_ops_triton as grain_triton

        return grain_triton.add_noise(images, cells, std, grain)
    if not compiled(images):
        return torch.add(images, spread(cells, images.shape[1:], grain), alpha=std)
    return _laid(_ADD, images, cells, grain, std)


def multiply_noise(images: Tensor, cells: Tensor, std: float, grain: float) -> Tensor:
    """``images`` (B, C, H, W) x (1 + std z); z as in :func:`add_noise`."""
    if fused(images.device):
        from robustbench_endo.corruptions.kernels.rng import noise_ops_triton as grain_triton

        return grain_triton.multiply_noise(images, cells, std, grain)
    if not compiled(images):
        return torch.addcmul(images, images, spread(cells, images.shape[1:], grain), value=std)
    return _laid(_MULTIPLY, images, cells, grain, std)


def salt_and_pepper(images: Tensor, cells: Tensor, share: float, grain: float) -> Tensor:
    """``images`` (B, C, H, W), black where u < share / 2 and white where u > 1 - share / 2; u one number a cell."""
    if fused(images.device):
        from robustbench_endo.corruptions.kernels.rng import noise_ops_triton as grain_triton

        return grain_triton.salt_and_pepper(images, cells, share, grain)
    low, high = share / 2, 1 - share / 2
    if not compiled(images):
        draw = spread(cells, images.shape[1:], grain)
        return images.masked_fill(draw < low, 0.0).masked_fill_(draw > high, 1.0)
    return _laid(_REPLACE, images, cells, grain, low, high)


def _laid(kind: int, images: Tensor, cells: Tensor, grain: float, low: float, high: float = 0.0) -> Tensor:
    stack = planes(images)
    result = np.empty_like(stack)
    _lay(stack, planes(cells), *index_of_pixels(stack, grain), kind, np.float32(low), np.float32(high), result)
    return batch(result, images)


def index_of_pixels(stack: Floats, grain: float) -> tuple[Indices, Indices]:
    """The cell row of each pixel row and the cell column of each pixel column."""
    height, width = stack.shape[-2:]
    cpu = torch.device("cpu")
    return cell_of_pixel(height, grain, cpu).numpy(), cell_of_pixel(width, grain, cpu).numpy()


@njit(cache=True, nogil=True, inline="always")
def fetch(cells: Floats, column: Indices, line: Floats) -> None:
    """Write to ``line`` the number of each pixel of a row."""
    for x in range(len(line)):
        line[x] = cells[column[x]]


@njit(cache=True, nogil=True)
def _lay(
    stack: Floats, cells: Floats, row: Indices, column: Indices, kind: int, low: Scalar, high: Scalar, result: Floats
) -> None:
    line = np.empty(stack.shape[2], np.float32)
    for plane in range(stack.shape[0]):
        for y in range(stack.shape[1]):
            if y == 0 or row[y] != row[y - 1]:
                fetch(cells[plane, row[y]], column, line)
            source, target = stack[plane, y], result[plane, y]
            if kind == _ADD:
                for x in range(len(line)):
                    target[x] = source[x] + low * line[x]
            elif kind == _MULTIPLY:
                for x in range(len(line)):
                    target[x] = source[x] + source[x] * line[x] * low
            else:
                for x in range(len(line)):
                    value = source[x] if line[x] >= low else np.float32(0)
                    target[x] = value if line[x] <= high else np.float32(1)
