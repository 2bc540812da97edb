"""Bilinear sampling by a grid, the image reflected about its edges."""

from __future__ import annotations

import numpy as np
import torch
from numba import njit
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Indices, batch, compiled, planes


def identity_grid(height: int, width: int, device: torch.device) -> Tensor:
    """(1, H, W, 2): the grid that samples every pixel at its own centre."""
    y = (torch.arange(height, device=device, dtype=torch.float64) + 0.5) * (2.0 / height) - 1.0
    x = (torch.arange(width, device=device, dtype=torch.float64) + 0.5) * (2.0 / width) - 1.0
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)[None].float()


def remap(images: Tensor, grid: Tensor) -> Tensor:
    """Sample (B, C, H, W) at ``grid`` (B, H, W, 2), in ``grid_sample(align_corners=False)`` coordinates."""
    if not compiled(images):
        return remap_torch(images, grid)
    stack = planes(images).reshape(*images.shape)
    result = np.empty((*images.shape[:2], *grid.shape[1:3]), np.float32)
    _remap(stack, grid.detach().float().contiguous().numpy(), result)
    return batch(result.reshape(-1, *grid.shape[1:3]), images)


def remap_torch(images: Tensor, grid: Tensor) -> Tensor:
    """:func:`remap` on any device."""
    return torch.nn.functional.grid_sample(
        images, grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )


@njit(cache=True, nogil=True, inline="always")
def _reflected(position: float, size: int) -> float:
    if 0.0 <= position <= size - 1.0:
        return position
    folded = abs(position + 0.5) % (2.0 * size)
    if folded > size:
        folded = 2.0 * size - folded
    return min(max(folded - 0.5, 0.0), size - 1.0)


@njit(cache=True, nogil=True)
def _remap(stack: Floats, grid: Floats, result: Floats) -> None:
    count, channels, height, width = stack.shape
    for b in range(count):
        for y in range(grid.shape[1]):
            for x in range(grid.shape[2]):
                row = _reflected((np.float64(grid[b, y, x, 1]) + 1.0) * height * 0.5 - 0.5, height)
                column = _reflected((np.float64(grid[b, y, x, 0]) + 1.0) * width * 0.5 - 0.5, width)
                top, left = min(int(row), height - 2), min(int(column), width - 2)
                v, u = np.float32(row - top), np.float32(column - left)
                for c in range(channels):
                    above, below = stack[b, c, top], stack[b, c, top + 1]
                    upper = above[left] + u * (above[left + 1] - above[left])
                    lower = below[left] + u * (below[left + 1] - below[left])
                    result[b, c, y, x] = upper + v * (lower - upper)


def copied_cells(choices: Tensor, shift: int) -> Tensor:
    """Where the content of each cell came from, after sweeps of copies.

    Every sweep visits the cells from the last to the first, row by row, and copies into each the content of a neighbour
    up to ``shift`` cells away (-shift <= step < shift), which may have been copied there before.

    Args:
        choices: int64 (B, sweeps, rows, columns) in [0, (2 * shift)^2), the neighbour that each cell picks.
        shift: the longest step, in cells; cells within it of an edge keep their content.

    Returns:
        int64 (B, rows, columns), the flat index of the cell of origin.
    """
    if not compiled(choices):
        return copied_cells_torch(choices, shift)
    return torch.from_numpy(np.stack([_sweep(choice, shift) for choice in choices.numpy()]))


def copied_cells_torch(choices: Tensor, shift: int) -> Tensor:
    """:func:`copied_cells` in parallel, on any device: chains of copies are followed by pointer doubling.

    A cell points at its neighbour when that was visited before, and else at what the neighbour held before the sweep.
    """
    batch, _, height, width = choices.shape
    count = height * width
    cell = torch.arange(count, device=choices.device).reshape(height, width)
    visited = torch.zeros(height, width, dtype=torch.bool, device=choices.device)
    visited[shift + 1 : height - shift + 1, shift + 1 : width - shift + 1] = True
    origin = cell.flatten().expand(batch, -1)
    before = cell.flatten() + count  # node ``count + i`` is what cell i held before the sweep
    for choice in choices.unbind(1):
        step = (choice // (2 * shift) - shift) * width + choice % (2 * shift) - shift
        target = torch.where(visited, cell + step, cell).flatten(1)
        earlier = visited.flatten()[target] & (target > cell.flatten())
        pointer = torch.cat((torch.where(earlier, target, target + count), before.expand(batch, -1)), dim=1)
        while bool((pointer[:, :count] < count).any()):
            pointer = pointer.gather(1, pointer)
        origin = origin.gather(1, pointer[:, :count] - count)
    return origin.reshape(batch, height, width)


def scatter_cells(images: Tensor, down: Tensor, across: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """Fetch every pixel of (B, C, H, W) from where its cell points, the edge pixel beyond the edge.

    Args:
        images: (B, C, H, W).
        down, across: int64 (B, rows, columns), the step of each cell in pixels.
        row, column: int64 (H,) and (W,), the cell of each pixel.
    """
    if not compiled(images):
        return scatter_cells_torch(images, down, across, row, column)
    stack = planes(images).reshape(*images.shape)
    result = np.empty_like(stack)
    _fetch(stack, down.numpy(), across.numpy(), row.numpy(), column.numpy(), result)
    return torch.from_numpy(result)


def scatter_cells_torch(images: Tensor, down: Tensor, across: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """:func:`scatter_cells` on any device."""
    height, width = images.shape[-2:]
    y = torch.arange(height, device=images.device)[:, None] + down[:, row][..., column]
    x = torch.arange(width, device=images.device) + across[:, row][..., column]
    index = (y.clamp(0, height - 1) * width + x.clamp(0, width - 1)).flatten(1)[:, None]
    return images.flatten(2).gather(2, index.expand(-1, images.shape[1], -1)).reshape(images.shape)


@njit(cache=True, nogil=True)
def _sweep(choices: Indices, shift: int) -> Indices:
    sweeps, height, width = choices.shape
    origin = np.arange(height * width).reshape(height, width)
    for sweep in range(sweeps):
        for y in range(height - shift, shift, -1):
            for x in range(width - shift, shift, -1):
                choice = choices[sweep, y, x]
                origin[y, x] = origin[y + choice // (2 * shift) - shift, x + choice % (2 * shift) - shift]
    return origin


@njit(cache=True, nogil=True)
def _fetch(stack: Floats, down: Indices, across: Indices, row: Indices, column: Indices, result: Floats) -> None:
    count, channels, height, width = stack.shape
    for b in range(count):
        for y in range(height):
            for x in range(width):
                v = min(max(y + down[b, row[y], column[x]], 0), height - 1)
                u = min(max(x + across[b, row[y], column[x]], 0), width - 1)
                for c in range(channels):
                    result[b, c, y, x] = stack[b, c, v, u]
