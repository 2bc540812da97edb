"""The lattice on which procedural fields are drawn: the frame at a fixed resolution, so that they fit every size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numba import njit
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Doubles, Floats, compiled, planes
from robustbench_endo.corruptions.kernels.fluids.grid import lattice_size

SHORT_SIDE = 256
"""Cells along the short side of a frame."""


@dataclass(frozen=True)
class Lattice:
    """Cells over a frame.

    Attributes:
        rows, columns: cells along the height and the width.
        height, width: pixels of the frame.
    """

    rows: int
    columns: int
    height: int
    width: int

    @staticmethod
    def of(size: Sequence[int]) -> Lattice:
        """The lattice of a frame of ``size`` (height, width)."""
        height, width = size
        rows, columns = lattice_size((height, width), min(size) / SHORT_SIDE)
        return Lattice(rows, columns, height, width)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.columns

    @property
    def scale(self) -> float:
        """Cells a pixel."""
        return min(self.rows, self.columns) / min(self.height, self.width)

    def coordinates(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """x (1, 1, columns) and y (1, rows, 1) of the cell centres, in cells from the frame's centre."""
        x = torch.arange(self.columns, device=device, dtype=torch.float32) + (0.5 - self.columns / 2)
        y = torch.arange(self.rows, device=device, dtype=torch.float32) + (0.5 - self.rows / 2)
        return x[None, None], y[None, :, None]

    def radius(self, device: torch.device) -> Tensor:
        """(1, rows, columns): squared distance from the frame's centre, 1 in the corners."""
        x, y = self.coordinates(device)
        return (x * x + y * y) / ((self.columns**2 + self.rows**2) / 4)


_STEPS = 2.0**24  # a unit


def mean(fields: Tensor) -> Tensor:
    """Mean of (..., h, w) with |values| < 2^16 over the last two axes, kept as 1 x 1: whole multiples of 2^-24."""
    count = fields.shape[-2] * fields.shape[-1]
    if compiled(fields):
        total = np.empty((*fields.shape[:-2], 1, 1))
        _sums(planes(fields).reshape(-1, count), total.reshape(-1))
        return torch.from_numpy(total * (1.0 / _STEPS / count)).float()
    whole = (fields * _STEPS).to(torch.int64).sum((-2, -1), keepdim=True)
    return (whole.double() * (1.0 / _STEPS / count)).float()


@njit(cache=True, nogil=True)
def _sums(fields: Floats, total: Doubles) -> None:
    for i in range(len(fields)):
        whole = np.int64(0)
        for value in fields[i]:
            whole += np.int64(value * np.float32(_STEPS))
        total[i] = whole
