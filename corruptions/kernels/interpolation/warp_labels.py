"""Label maps sampled at a grid of positions by nearest neighbour, in one compiled pass on the CPU."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Bytes, Floats, use_numba
from robustbench_endo.corruptions.kernels.compiled import njit


def warp_labels(masks: Tensor, grid: Tensor) -> Tensor:
    """See :func:`.base.warp_masks`: (B, H, W) at the positions of (B, h, w, 2) -> (B, h, w)."""
    if use_numba(masks.device) and masks.dtype == torch.uint8 and grid.dtype == torch.float32:
        out = np.empty(grid.shape[:3], np.uint8)
        _warp_labels(masks.contiguous().numpy(), grid.detach().contiguous().numpy(), out)
        return torch.from_numpy(out)
    return warp_labels_torch(masks, grid)


def warp_labels_torch(masks: Tensor, grid: Tensor) -> Tensor:
    """:func:`warp_labels` on any device, for any type."""
    count, height, width = masks.shape
    rows, columns = _pixel_index(grid[..., 1], height), _pixel_index(grid[..., 0], width)
    return masks[torch.arange(count, device=masks.device).view(-1, 1, 1), rows, columns]


def _pixel_index(position: Tensor, size: int) -> Tensor:
    return ((position.double() + 1) * size / 2).floor().long().clamp(0, size - 1)


@njit(cache=True, nogil=True)
def _warp_labels(masks: Bytes, grid: Floats, out: Bytes) -> None:
    height, width = masks.shape[1:]
    for b in range(out.shape[0]):
        for y in range(out.shape[1]):
            for x in range(out.shape[2]):
                column = int(np.floor((np.float64(grid[b, y, x, 0]) + 1.0) * width / 2.0))
                row = int(np.floor((np.float64(grid[b, y, x, 1]) + 1.0) * height / 2.0))
                out[b, y, x] = masks[b, min(max(row, 0), height - 1), min(max(column, 0), width - 1)]
