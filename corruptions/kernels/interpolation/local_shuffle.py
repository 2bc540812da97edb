"""Local shuffling of the cells of an image: sweeps in which every cell copies the content of a neighbour."""

from __future__ import annotations

import numpy as np
import torch
from numba import njit
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Indices, to_planes, use_numba


def local_shuffle(choices: Tensor, shift: int) -> Tensor:
    """The cell from which the content of each cell comes after sweeps of copies.

    Every sweep visits the cells from the last to the first, row by row, and copies into each the content of a neighbour
    up to ``shift`` cells away (-shift <= step < shift), which may itself be a copy made in the same sweep.

    Args:
        choices: int64 (B, sweeps, rows, columns) in [0, (2 * shift)^2), the neighbour that each cell copies.
        shift: the longest step, in cells; cells closer than that to an edge keep their content.

    Returns:
        int64 (B, rows, columns), the flat index of the source cell.
    """
    if not use_numba(choices.device):
        return local_shuffle_torch(choices, shift)
    return torch.from_numpy(np.stack([_local_shuffle(choice, shift) for choice in choices.numpy()]))


def local_shuffle_torch(choices: Tensor, shift: int) -> Tensor:
    """:func:`local_shuffle` in parallel, on any device: chains of copies are followed by pointer doubling.

    A cell points to its neighbour if that is visited before it, and otherwise to the content that the neighbour had
    before the sweep.
    """
    batch, _, height, width = choices.shape
    count = height * width
    cell = torch.arange(count, device=choices.device).reshape(height, width)
    visited = torch.zeros(height, width, dtype=torch.bool, device=choices.device)
    visited[shift + 1 : height - shift + 1, shift + 1 : width - shift + 1] = True
    source = cell.flatten().expand(batch, -1)
    before = cell.flatten() + count  # node ``count + i`` is the content of cell i before the sweep
    for choice in choices.unbind(1):
        step = (choice // (2 * shift) - shift) * width + choice % (2 * shift) - shift
        target = torch.where(visited, cell + step, cell).flatten(1)
        earlier = visited.flatten()[target] & (target > cell.flatten())
        pointer = torch.cat((torch.where(earlier, target, target + count), before.expand(batch, -1)), dim=1)
        while bool((pointer[:, :count] < count).any()):
            pointer = pointer.gather(1, pointer)
        source = source.gather(1, pointer[:, :count] - count)
    return source.reshape(batch, height, width)


def fetch_cells(images: Tensor, down: Tensor, across: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Copy every pixel of (B, C, H, W) from the offset of its cell; positions outside take the edge pixel.

    Args:
        images: (B, C, H, W).
        down: int64 (B, cell rows, cell columns), vertical offset of the source of each cell in pixels.
        across: the same, horizontal offset.
        rows: int64 (H,), the cell row of each pixel row.
        columns: int64 (W,), the cell column of each pixel column.
    """
    if not use_numba(images.device):
        return fetch_cells_torch(images, down, across, rows, columns)
    planes = to_planes(images).reshape(*images.shape)
    out = np.empty_like(planes)
    _fetch_cells(planes, down.numpy(), across.numpy(), rows.numpy(), columns.numpy(), out)
    return torch.from_numpy(out)


def fetch_cells_torch(images: Tensor, down: Tensor, across: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """:func:`fetch_cells` on any device."""
    height, width = images.shape[-2:]
    y = torch.arange(height, device=images.device)[:, None] + down[:, rows][..., columns]
    x = torch.arange(width, device=images.device) + across[:, rows][..., columns]
    index = (y.clamp(0, height - 1) * width + x.clamp(0, width - 1)).flatten(1)[:, None]
    return images.flatten(2).gather(2, index.expand(-1, images.shape[1], -1)).reshape(images.shape)


@njit(cache=True, nogil=True)
def _local_shuffle(choices: Indices, shift: int) -> Indices:
    sweeps, height, width = choices.shape
    source = np.arange(height * width).reshape(height, width)
    for sweep in range(sweeps):
        for y in range(height - shift, shift, -1):
            for x in range(width - shift, shift, -1):
                choice = choices[sweep, y, x]
                source[y, x] = source[y + choice // (2 * shift) - shift, x + choice % (2 * shift) - shift]
    return source


@njit(cache=True, nogil=True)
def _fetch_cells(planes: Floats, down: Indices, across: Indices, rows: Indices, columns: Indices, out: Floats) -> None:
    count, channels, height, width = planes.shape
    for b in range(count):
        for y in range(height):
            for x in range(width):
                v = min(max(y + down[b, rows[y], columns[x]], 0), height - 1)
                u = min(max(x + across[b, rows[y], columns[x]], 0), width - 1)
                for c in range(channels):
                    out[b, c, y, x] = planes[b, c, v, u]
