"""The part of a frame that the scope sees: the black surround of a round picture stays black."""

from __future__ import annotations

import torch
from torch import Tensor

_BLACK = 0.06
_SMALLEST = 0.4  # share of the frame; less than this is a dark scene, not a round picture


def content_area(images: Tensor) -> Tensor:
    """1 within the picture, 0 in the black surround, float32 (B, 1, h, w) for ``images`` (B, 3, h, w).

    Black cells belong to the surround when nothing but black lies between them and an edge along their row, and
    likewise along their column: the complement of any convex picture. A frame with little left has no surround.
    """
    black = (images.amax(1, keepdim=True) < _BLACK).to(torch.int32)
    content = 1 - _reaches_edge(black, -1) * _reaches_edge(black, -2)
    share = content.sum((-2, -1), keepdim=True, dtype=torch.int64)
    round_picture = share >= _SMALLEST * content[0, 0].numel()
    return torch.where(round_picture, content, torch.ones_like(content)).float()


def _reaches_edge(black: Tensor, dim: int) -> Tensor:
    forwards = black.cummin(dim).values
    backwards = black.flip(dim).cummin(dim).values.flip(dim)
    return torch.maximum(forwards, backwards)
