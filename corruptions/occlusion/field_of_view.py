"""The part of a frame that the scope sees: the black surround of a round picture stays black."""

from __future__ import annotations

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import compiled

_BLACK = 0.06
_SMALLEST = 0.4  # share of the frame; less than this is a dark scene, not a round picture


def content_area(images: Tensor) -> Tensor:
    """1 within the picture, 0 in the black surround, float32 (B, 1, h, w) for ``images`` (B, 3, h, w).

    Black cells belong to the surround when nothing but black lies between them and an edge along their row, and
    likewise along their column: the complement of any convex picture. A frame with little left has no surround.
    """
    black = (images.amax(1, keepdim=True) < _BLACK).to(torch.int32)
    content = 1 - surround(black)
    share = content.sum((-2, -1), keepdim=True, dtype=torch.int64)
    round_picture = share >= _SMALLEST * content[0, 0].numel()
    return torch.where(round_picture, content, torch.ones_like(content)).float()


def surround(black: Tensor) -> Tensor:
    """Where ones of int32 (B, 1, h, w) reach an edge of the frame along their row and one along their column."""
    if not compiled(black):
        return surround_torch(black)
    result = np.zeros(black.shape, np.int32)
    for source, target in zip(black.numpy()[:, 0], result[:, 0], strict=True):
        _surround(source, target)
    return torch.from_numpy(result)


def surround_torch(black: Tensor) -> Tensor:
    """:func:`surround` on any device."""
    return _reaches_edge(black, -1) * _reaches_edge(black, -2)


def _reaches_edge(black: Tensor, dim: int) -> Tensor:
    forwards = black.cummin(dim).values
    backwards = black.flip(dim).cummin(dim).values.flip(dim)
    return torch.maximum(forwards, backwards)


@njit(cache=True, nogil=True)
def _surround(black: NDArray[np.int32], result: NDArray[np.int32]) -> None:
    height, width = black.shape
    above, below = np.ones(width, np.int32), np.ones(width, np.int32)
    for y in range(height):
        above &= black[y]
        result[y] = above
    for y in range(height - 1, -1, -1):
        below &= black[y]
        result[y] |= below
    for y in range(height):
        left, right = 0, width
        while left < width and black[y, left]:
            left += 1
        while right > left and black[y, right - 1]:
            right -= 1
        result[y, left:right] = 0
