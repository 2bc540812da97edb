"""Masks follow the picture where a corruption moved it."""

from __future__ import annotations

import torch
from torch import Tensor


def warp_masks(masks: Tensor, grid: Tensor) -> Tensor:
    """Nearest-neighbour sampling of label maps.

    Args:
        masks: uint8 (B, H, W).
        grid: (B, H, W, 2), x and y in the coordinates of ``grid_sample(align_corners=False)``: -1 and 1 are the outer
            edges of the picture. Positions outside take the nearest pixel of the border.

    Returns:
        uint8 (B, H, W).
    """
    batch, height, width = masks.shape
    columns = _index(grid[..., 0], width)
    rows = _index(grid[..., 1], height)
    image = torch.arange(batch, device=masks.device).view(-1, 1, 1)
    return masks[image, rows, columns]


def _index(position: Tensor, count: int) -> Tensor:
    return (((position.double() + 1) * count) / 2).floor().long().clamp(0, count - 1)
