"""Label maps follow the picture where a corruption moved it."""

from __future__ import annotations

import torch
from torch import Tensor


def warp_masks(masks: Tensor, grid: Tensor) -> Tensor:
    """Nearest-neighbour sampling of label maps.

    Args:
        masks: (B, H, W), any type.
        grid: (B, H, W, 2), x and y in the coordinates of ``grid_sample(align_corners=False)``: -1 and 1 are the outer
            edges of the picture. Positions outside take the nearest pixel of the border.

    Returns:
        (B, H, W) of the type of ``masks``.
    """
    count, height, width = masks.shape
    rows, columns = _index(grid[..., 1], height), _index(grid[..., 0], width)
    return masks[torch.arange(count, device=masks.device).view(-1, 1, 1), rows, columns]


def _index(position: Tensor, size: int) -> Tensor:
    return ((position.double() + 1) * size / 2).floor().long().clamp(0, size - 1)
