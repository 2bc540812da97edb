"""Detection of the field of view: the black border around a circular endoscope image."""

from __future__ import annotations

import numpy as np
import torch
from numba import njit
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Indices32, use_numba

_BLACK = 0.06
"""Pixels whose largest channel is below this are black."""

_MINIMUM_SHARE = 0.4
"""Smallest share of the frame that counts as a field of view; less is a dark scene."""


def field_of_view_mask(images: Tensor) -> Tensor:
    """Mask of the field of view of endoscope images.

    Black pixels belong to the border if only black lies between them and an edge of the frame along their row, and
    likewise along their column: the complement of any convex field of view. A frame with a field of view of less than
    40 % has no border: it is a dark scene.

    Args:
        images: (B, 3, H, W) in [0, 1].

    Returns:
        float32 (B, 1, H, W), 1 in the field of view and 0 in the black border.

    >>> image = torch.zeros(1, 3, 4, 5)
    >>> image[..., 1:] = 0.5
    >>> field_of_view_mask(image)[0, 0, 0]
    tensor([0., 1., 1., 1., 1.])
    """
    black = (images.amax(1, keepdim=True) < _BLACK).to(torch.int32)
    mask = 1 - border_mask(black)
    area = mask.sum((-2, -1), keepdim=True, dtype=torch.int64)
    has_border = area >= _MINIMUM_SHARE * mask[0, 0].numel()
    return torch.where(has_border, mask, torch.ones_like(mask)).float()


def border_mask(black: Tensor) -> Tensor:
    """Ones of int32 ``black`` (B, 1, H, W) that reach an edge of the frame along their row and along their column."""
    if not use_numba(black.device):
        return border_mask_torch(black)
    out = np.zeros(black.shape, np.int32)
    for source, target in zip(black.numpy()[:, 0], out[:, 0], strict=True):
        _border_mask(source, target)
    return torch.from_numpy(out)


def border_mask_torch(black: Tensor) -> Tensor:
    """:func:`border_mask` on any device."""
    return _reaches_edge(black, -1) * _reaches_edge(black, -2)


def _reaches_edge(black: Tensor, dim: int) -> Tensor:
    forwards = black.cummin(dim).values
    backwards = black.flip(dim).cummin(dim).values.flip(dim)
    return torch.maximum(forwards, backwards)


@njit(cache=True, nogil=True)
def _border_mask(black: Indices32, out: Indices32) -> None:
    height, width = black.shape
    above, below = np.ones(width, np.int32), np.ones(width, np.int32)
    for y in range(height):
        above &= black[y]
        out[y] = above
    for y in range(height - 1, -1, -1):
        below &= black[y]
        out[y] |= below
    for y in range(height):
        left, right = 0, width
        while left < width and black[y, left]:
            left += 1
        while right > left and black[y, right - 1]:
            right -= 1
        out[y, left:right] = 0
