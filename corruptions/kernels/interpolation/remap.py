"""Bilinear sampling of an image at a grid of positions, reflected about its edges."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, from_planes, to_planes, use_numba
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.device_tables import device_table


def identity_grid(height: int, width: int, device: torch.device) -> Tensor:
    """(1, H, W, 2): the grid that samples every pixel at its own centre."""
    y, x = (device_table(_centres, device, side) for side in (height, width))
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)[None]


def _centres(size: int) -> Floats:
    centres: Floats = ((np.arange(size) + 0.5) * (2.0 / size) - 1.0).astype(np.float32)
    return centres


def remap(images: Tensor, grid: Tensor) -> Tensor:
    """Sample ``images`` bilinearly at ``grid``.

    Args:
        images: (B, C, H, W).
        grid: (B, h, w, 2), x and y in ``grid_sample(align_corners=False)`` coordinates.

    Returns:
        (B, C, h, w).
    """
    if not use_numba(images.device):
        return remap_torch(images, grid)
    planes = to_planes(images).reshape(*images.shape)
    out = np.empty((*images.shape[:2], *grid.shape[1:3]), np.float32)
    _remap(planes, grid.detach().float().contiguous().numpy(), out)
    return from_planes(out.reshape(-1, *grid.shape[1:3]), images)


def remap_torch(images: Tensor, grid: Tensor) -> Tensor:
    """:func:`remap` on any device."""
    return torch.nn.functional.grid_sample(
        images, grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )


@njit(cache=True, nogil=True, inline="always")
def _reflect(position: float, size: int) -> float:
    if 0.0 <= position <= size - 1.0:
        return position
    folded = abs(position + 0.5) % (2.0 * size)
    if folded > size:
        folded = 2.0 * size - folded
    return min(max(folded - 0.5, 0.0), size - 1.0)


@njit(cache=True, nogil=True)
def _remap(planes: Floats, grid: Floats, out: Floats) -> None:
    count, channels, height, width = planes.shape
    for b in range(count):
        for y in range(grid.shape[1]):
            for x in range(grid.shape[2]):
                row = _reflect((np.float64(grid[b, y, x, 1]) + 1.0) * height * 0.5 - 0.5, height)
                column = _reflect((np.float64(grid[b, y, x, 0]) + 1.0) * width * 0.5 - 0.5, width)
                top, left = min(int(row), height - 2), min(int(column), width - 2)
                v, u = np.float32(row - top), np.float32(column - left)
                for c in range(channels):
                    above, below = planes[b, c, top], planes[b, c, top + 1]
                    upper = above[left] + u * (above[left + 1] - above[left])
                    lower = below[left] + u * (below[left + 1] - below[left])
                    out[b, c, y, x] = upper + v * (lower - upper)
