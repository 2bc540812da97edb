"""The light that droplets bend into the lens: their embossed relief, in a few passes over the lattice."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from ..backend import Floats, compiled
from .droplets_distance import distance, equalised, outline

_EMBOSS = np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], np.float32)
_SAFE = 1e-3  # keeps a distance that is a whole step from falling below it by rounding


def relief_light(level: Tensor, reach: int, levels: int) -> Tensor:
    """``level`` times the embossed relief of its droplets, at most 1 in each image.

    The relief is the distance to the nearest outline, smoothed, equalised to [0, 1] and lit from the lower right.

    Args:
        level: whole numbers (B, 1, h, w) from 0 to 255, 0 between the droplets.
        reach: distance, in pixels, at which the relief levels off.
        levels: its steps a pixel.

    Returns:
        (B, 1, h, w) in [0, 1].
    """
    depth = distance(outline(level), reach)
    if not compiled(level):
        return relief_light_torch(level, depth, reach, levels)
    result = np.empty(level.shape, np.float32)
    for b in range(len(level)):
        steps = _steps(depth[b, 0].numpy(), np.float32(levels))
        _lit(_table(steps, reach * levels + 1)[steps], _EMBOSS, level[b, 0].numpy(), result[b, 0])
    return torch.from_numpy(result)


def relief_light_torch(level: Tensor, depth: Tensor, reach: int, levels: int) -> Tensor:
    """:func:`relief_light` on any device, from the ``depth`` of each pixel."""
    relief = equalised((box(depth) * levels + _SAFE).floor().long(), reach * levels + 1)
    lit = F.conv2d(_mirrored(relief), torch.from_numpy(_EMBOSS).to(level.device)[None, None])
    light = level * box(lit.clamp(0.0, 1.0))
    peak = light.amax((1, 2, 3), keepdim=True)
    return light / torch.where(peak > 0, peak, 1.0)


def box(field: Tensor) -> Tensor:
    """The mean of 3 x 3 pixels; the field is mirrored about its edge pixels."""
    padded = _mirrored(field)
    rows = padded[..., :-2, :] + padded[..., 1:-1, :] + padded[..., 2:, :]
    return (rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]) / 9.0


def _mirrored(field: Tensor) -> Tensor:
    return F.pad(field, (1, 1, 1, 1), mode="reflect")


def _table(steps: NDArray[np.int32], count: int) -> Floats:
    """The share of pixels at or below each step, 0 at the lowest present, see :func:`.droplets_distance.equalised`."""
    below = np.bincount(steps.ravel(), minlength=count).cumsum()
    lowest = below[steps.min()]
    shares: Floats = ((below - lowest).clip(0) / max(steps.size - lowest, 1)).astype(np.float32)
    return shares


@njit(cache=True, nogil=True)
def _steps(depth: Floats, levels: np.float32) -> NDArray[np.int32]:
    height, width = depth.shape
    result = np.empty((height, width), np.int32)
    line = np.empty(width + 2, np.float32)
    for y in range(height):
        _boxed(depth, y, line)
        for x in range(width):
            mean = (line[x] + line[x + 1] + line[x + 2]) / np.float32(9.0)
            result[y, x] = np.int32(np.floor(mean * levels + np.float32(_SAFE)))
    return result


@njit(cache=True, nogil=True)
def _lit(relief: Floats, weights: Floats, level: Floats, result: Floats) -> None:
    height, width = relief.shape
    lit = np.zeros((height, width), np.float32)
    line = np.empty(width + 2, np.float32)
    for y in range(height):
        for k, row in enumerate((abs(y - 1), y, min(y + 1, 2 * height - 3 - y))):
            line[1:-1] = relief[row]
            line[0], line[-1] = line[2], line[-3]
            for x in range(width):
                lit[y, x] += weights[k, 0] * line[x] + weights[k, 1] * line[x + 1] + weights[k, 2] * line[x + 2]
        for x in range(width):
            lit[y, x] = min(max(lit[y, x], np.float32(0.0)), np.float32(1.0))
    peak = np.float32(0.0)
    for y in range(height):
        _boxed(lit, y, line)
        for x in range(width):
            result[y, x] = level[y, x] * ((line[x] + line[x + 1] + line[x + 2]) / np.float32(9.0))
        peak = max(peak, result[y].max())
    if peak > 0:
        for y in range(height):
            result[y] /= peak


@njit(cache=True, nogil=True, inline="always")
def _boxed(field: Floats, y: int, line: Floats) -> None:
    """The sum of three rows around ``y``, mirrored by one pixel at either end."""
    height, width = field.shape
    above, here, below = field[abs(y - 1)], field[y], field[min(y + 1, 2 * height - 3 - y)]
    for x in range(width):
        line[x + 1] = above[x] + here[x] + below[x]
    line[0], line[-1] = line[2], line[-3]
