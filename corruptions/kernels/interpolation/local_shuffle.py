"""Local shuffling of the cells of an image: sweeps in which every cell copies the content of a neighbour."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Indices, to_planes, use_numba
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.triton_support import use_triton


def local_shuffle(choices: Tensor, shift: int) -> Tensor:
    """The cell from which the content of each cell comes after sweeps of copies.

    Every sweep visits the cells from the last to the first, row by row, and copies into each the content of a neighbour
    up to ``shift`` cells away (-shift <= step < shift), which may itself be a copy made in the same sweep.

    Args:
        choices: int64 (B, sweeps, rows, columns) in [0, (2 * shift)^2), the neighbour that each cell copies.
        shift: the longest step, in cells; cells closer than that to an edge keep their content.

    Returns:
        (B, rows, columns), the flat index of the source cell: int64 on the CPU, int32 on a device.
    """
    if use_triton(choices.device):
        from robustbench_endo.corruptions.kernels.interpolation import local_shuffle_triton

        return local_shuffle_triton.local_shuffle(choices, shift)
    if not use_numba(choices.device):
        return local_shuffle_torch(choices, shift)
    return torch.from_numpy(np.stack([_local_shuffle(choice, shift) for choice in choices.numpy()]))


def local_shuffle_torch(choices: Tensor, shift: int) -> Tensor:
    """:func:`local_shuffle` in parallel, on any device, as int32: chains of copies are followed by pointer doubling.

    A cell points to its neighbour if that is visited before it, and otherwise to the content that the neighbour had
    before the sweep.
    """
    batch, _, height, width = choices.shape
    count = height * width
    cell = torch.arange(count, dtype=torch.int32, device=choices.device)
    row, column = cell // width, cell % width
    visited = (row > shift) & (row <= height - shift) & (column > shift) & (column <= width - shift)
    first = torch.arange(0, 2 * count * batch, 2 * count, dtype=torch.int32, device=choices.device)[:, None]
    source = None
    # Of each frame, node ``count + i`` is the content of cell i before the sweep; pointers count nodes of the batch.
    nodes = torch.arange(2 * count * batch, dtype=torch.int32, device=choices.device).view(batch, 2 * count)
    for choice in choices.int().flatten(2).unbind(1):
        step = (choice // (2 * shift) - shift) * width + choice % (2 * shift) - shift
        target = torch.where(visited, cell + step, cell)
        earlier = (target > cell) & visited.index_select(0, target.flatten()).view_as(target)
        nodes[:, :count] = torch.where(earlier, target, target + count) + first
        for _ in range(doubling_rounds(height, width, shift)):
            nodes[:, :count] = nodes.view(-1).index_select(0, nodes[:, :count].flatten()).view(batch, count)
        copied = nodes[:, :count] - (first + count)
        source = copied if source is None else source.view(-1).index_select(0, (copied + first // 2).flatten())
    if source is None:
        source = cell.expand(batch, -1)
    return source.reshape(batch, height, width)


def doubling_rounds(height: int, width: int, shift: int) -> int:
    """Rounds of pointer doubling that reach the end of the longest chain of copies within one sweep.

    A chain goes along a row to the right, or to a lower row and then up to ``shift`` columns to the left.

    >>> doubling_rounds(256, 256, 1), doubling_rounds(256, 256, 5)
    (0, 11)
    """
    rows, columns = height - 2 * shift, width - 2 * shift
    if shift == 1 or rows < 1 or columns < 1:
        return 0
    return ((rows - 1) * (shift + 1) + columns - 1).bit_length()


def fetch_cells(images: Tensor, down: Tensor, across: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Copy every pixel of (B, C, H, W) from the offset of its cell; positions outside take the edge pixel.

    Args:
        images: (B, C, H, W).
        down: (B, cell rows, cell columns), integers, the vertical offset of the source of each cell in pixels.
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
    index = _source_of_pixel(down, rows, columns, -2, height).mul_(width)
    index.add_(_source_of_pixel(across, rows, columns, -1, width))
    flat = index.flatten(1)[:, None].long()
    return images.flatten(2).gather(2, flat.expand(-1, images.shape[1], -1)).reshape(images.shape)


def _source_of_pixel(offset: Tensor, rows: Tensor, columns: Tensor, axis: int, side: int) -> Tensor:
    """Coordinate along ``axis`` of the pixel that is copied into each one."""
    position = torch.arange(side, dtype=offset.dtype, device=offset.device)
    moved = offset.index_select(1, rows).index_select(2, columns)
    return moved.add_(position[:, None] if axis == -2 else position).clamp_(0, side - 1)


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
