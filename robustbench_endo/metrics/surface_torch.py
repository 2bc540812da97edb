"""The two heavy steps of the surface distances in plain torch: see :mod:`.surface_gpu`."""

from __future__ import annotations

import torch
from torch import Tensor


def steps_to_site(sites: Tensor, image: Tensor, label: Tensor) -> Tensor:
    """Rows between each pixel and the nearest site of its column, int16 (J, H, W); H where the column has none.

    Args:
        sites: uint8 (B, H, W), labels of boundary pixels.
        image, label: int64 (J,), which image and which class.
    """
    height = sites.shape[1]
    rows = torch.arange(height, dtype=torch.int32, device=sites.device)[:, None]
    marked = sites[image] == label[:, None, None]
    above = rows - torch.where(marked, rows, -height).cummax(1).values
    below = torch.where(marked, rows, 2 * height).flip(1).cummin(1).values.flip(1) - rows
    return torch.minimum(above, below).clamp(max=height).short()


def nearest_squares(steps: Tensor, points: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Squared distance, float64 (N,), from points (N, 3) of (pair, row, column) by tables of squared steps."""
    _, height, width = steps.shape
    field = steps.flatten()
    start, column = (points[:, 0] * height + points[:, 1]) * width, points[:, 2]
    best = down[field[start + column].long()]
    going = torch.arange(len(points), device=points.device)
    for k in range(1, width):
        if k % 8 == 1:  # dropping the points that are done costs more than a column
            going = going[across[k] < best[going]]
            if not len(going):
                break
        for beside in (column[going] - k, column[going] + k):
            there = (beside >= 0) & (beside < width)
            square = down[field[start[going] + beside.clamp(0, width - 1)].long()] + across[k]
            best[going] = torch.minimum(best[going], torch.where(there, square, torch.inf))
    return best
