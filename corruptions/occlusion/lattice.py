"""The lattice on which procedural fields are drawn: the frame at a fixed resolution, so that they fit every size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..kernels.fluid.fluid import lattice_size

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
