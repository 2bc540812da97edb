"""Noise cells: blocks of pixels that share one random number, so that grain has a size of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numba import njit
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import compiled


def cell_shape(shape: Sequence[int], grain: float) -> tuple[int, ...]:
    """``shape`` with its last two axes counted in cells of ``grain`` pixels (never less than one pixel)."""
    if grain <= 1.0:
        return tuple(shape)
    *lead, height, width = shape
    return (*lead, int((height - 1) / grain) + 1, int((width - 1) / grain) + 1)


def spread(field: Tensor, shape: Sequence[int], grain: float) -> Tensor:
    """Copy every cell of ``field`` (B, *cell_shape) to its pixels: (B, *shape)."""
    if grain <= 1.0:
        return field
    rows, columns = (cell_of_pixel(length, grain, field.device) for length in shape[-2:])
    if not compiled(field):
        return field.index_select(-1, columns).index_select(-2, rows)
    planes = field.reshape(-1, *field.shape[-2:]).numpy()
    out = np.empty((planes.shape[0], *shape[-2:]), planes.dtype)
    _spread(planes, rows.numpy(), columns.numpy(), out)
    return torch.from_numpy(out).reshape(field.shape[0], *shape)


def cell_of_pixel(length: int, grain: float, device: torch.device) -> Tensor:
    """The cell of each of ``length`` pixels along one axis, int64."""
    return (torch.arange(length, dtype=torch.float64, device=device) / max(grain, 1.0)).long()


@njit(cache=True, nogil=True)
def _spread(planes: Any, rows: Any, columns: Any, out: Any) -> None:
    for plane in range(out.shape[0]):
        for row in range(out.shape[1]):
            source = planes[plane, rows[row]]
            if row > 0 and rows[row] == rows[row - 1]:
                out[plane, row] = out[plane, row - 1]
                continue
            for column in range(out.shape[2]):
                out[plane, row, column] = source[columns[column]]
