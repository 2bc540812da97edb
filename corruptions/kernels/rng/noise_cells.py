"""Noise cells: square blocks of pixels that share one random number, which gives noise grain a size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Indices, use_numba
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.device_tables import device_table


def cell_shape(shape: Sequence[int], grain: float) -> tuple[int, ...]:
    """``shape`` with its last two axes counted in cells of ``grain`` pixels (at least one pixel).

    >>> cell_shape((3, 64, 80), grain=2.0)
    (3, 32, 40)
    """
    if grain <= 1.0:
        return tuple(shape)
    *leading, height, width = shape
    return (*leading, int((height - 1) / grain) + 1, int((width - 1) / grain) + 1)


def expand_cells(cells: Tensor, shape: Sequence[int], grain: float) -> Tensor:
    """Copy every cell of ``cells`` (B, *cell_shape(shape, grain)) to its pixels: (B, *shape)."""
    if grain <= 1.0:
        return cells
    rows, columns = (cell_of_pixel(length, grain, cells.device) for length in shape[-2:])
    if not use_numba(cells.device):
        return cells.index_select(-1, columns).index_select(-2, rows)
    planes = cells.reshape(-1, *cells.shape[-2:]).numpy()
    out = np.empty((planes.shape[0], *shape[-2:]), planes.dtype)
    _expand_cells(planes, rows.numpy(), columns.numpy(), out)
    return torch.from_numpy(out).reshape(cells.shape[0], *shape)


def cell_of_pixel(length: int, grain: float, device: torch.device) -> Tensor:
    """Index of the cell of each of ``length`` pixels along one axis, int64; never modify it."""
    return device_table(_cell_of_pixel, device, length, grain)


def _cell_of_pixel(length: int, grain: float) -> Indices:
    return (np.arange(length) / max(grain, 1.0)).astype(np.int64)


@njit(cache=True, nogil=True)
def _expand_cells(planes: Any, rows: Any, columns: Any, out: Any) -> None:
    for plane in range(out.shape[0]):
        for row in range(out.shape[1]):
            source = planes[plane, rows[row]]
            if row > 0 and rows[row] == rows[row - 1]:
                out[plane, row] = out[plane, row - 1]
                continue
            for column in range(out.shape[2]):
                out[plane, row, column] = source[columns[column]]
