"""Additive, multiplicative and impulse noise with a grain size, applied in one pass over the image."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Indices, Scalar, from_planes, to_planes, use_numba
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_of_pixel, expand_cells
from robustbench_endo.corruptions.kernels.triton_support import use_triton

Operation = Literal["add", "multiply", "replace"]

OPERATION_CODES: dict[Operation, int] = {"add": 0, "multiply": 1, "replace": 2}
_ADD, _MULTIPLY = 0, 1


def add_noise(images: Tensor, cells: Tensor, std: float, grain: float) -> Tensor:
    """``images`` + std z.

    Args:
        images: (B, C, H, W).
        cells: z, one number per cell of ``grain`` pixels: (B, C, rows, columns), see :mod:`.noise_cells`.
        std: factor of z.
        grain: side of a cell in pixels.
    """
    return _apply("add", images, cells, grain, std)


def multiply_noise(images: Tensor, cells: Tensor, std: float, grain: float) -> Tensor:
    """``images`` (1 + std z); arguments as in :func:`add_noise`."""
    return _apply("multiply", images, cells, grain, std)


def salt_and_pepper(images: Tensor, cells: Tensor, share: float, grain: float) -> Tensor:
    """0 where u < share / 2, 1 where u > 1 - share / 2, else ``images``; u is the number of the pixel's cell."""
    return _apply("replace", images, cells, grain, share / 2, 1 - share / 2)


def _apply(operation: Operation, images: Tensor, cells: Tensor, grain: float, low: float, high: float = 0.0) -> Tensor:
    if use_triton(images.device):
        from robustbench_endo.corruptions.kernels.rng import noise_ops_triton

        return noise_ops_triton.apply_noise(OPERATION_CODES[operation], images, cells, grain, low, high)
    if not use_numba(images.device):
        return apply_noise_torch(operation, images, cells, grain, low, high)
    planes = to_planes(images)
    out = np.empty_like(planes)
    code, rows, columns = OPERATION_CODES[operation], *cell_indices(planes, grain)
    _apply_noise(planes, to_planes(cells), rows, columns, code, np.float32(low), np.float32(high), out)
    return from_planes(out, images)


def apply_noise_torch(
    operation: Operation, images: Tensor, cells: Tensor, grain: float, low: float, high: float
) -> Tensor:
    """The three operations on any device.

    Args:
        operation: ``add``: images + low z; ``multiply``: images (1 + low z); ``replace``: 0 where z < low and 1 where
            z > high.
        images: (B, C, H, W).
        cells: z, one number per cell.
        grain: side of a cell in pixels.
        low: standard deviation, or the lower threshold.
        high: the upper threshold of ``replace``.
    """
    noise = expand_cells(cells, images.shape[1:], grain)
    if operation == "add":
        return torch.add(images, noise, alpha=low)
    if operation == "multiply":
        return torch.addcmul(images, images, noise, value=low)
    return images.masked_fill(noise < low, 0.0).masked_fill_(noise > high, 1.0)


def cell_indices(planes: Floats, grain: float) -> tuple[Indices, Indices]:
    """Cell row of each pixel row, and cell column of each pixel column."""
    height, width = planes.shape[-2:]
    cpu = torch.device("cpu")
    return cell_of_pixel(height, grain, cpu).numpy(), cell_of_pixel(width, grain, cpu).numpy()


@njit(cache=True, nogil=True, inline="always")
def expand_row(cells: Floats, columns: Indices, line: Floats) -> None:
    """Write the number of each pixel of a row to ``line``."""
    for x in range(len(line)):
        line[x] = cells[columns[x]]


@njit(cache=True, nogil=True)
def _apply_noise(
    planes: Floats, cells: Floats, rows: Indices, columns: Indices, code: int, low: Scalar, high: Scalar, out: Floats
) -> None:
    line = np.empty(planes.shape[2], np.float32)
    for plane in range(planes.shape[0]):
        for y in range(planes.shape[1]):
            if y == 0 or rows[y] != rows[y - 1]:
                expand_row(cells[plane, rows[y]], columns, line)
            source, target = planes[plane, y], out[plane, y]
            if code == _ADD:
                for x in range(len(line)):
                    target[x] = source[x] + low * line[x]
            elif code == _MULTIPLY:
                for x in range(len(line)):
                    target[x] = source[x] + source[x] * line[x] * low
            else:
                for x in range(len(line)):
                    value = source[x] if line[x] >= low else np.float32(0)
                    target[x] = value if line[x] <= high else np.float32(1)
