"""The light that droplets bend into the lens: their embossed relief, in a few passes over the lattice."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Indices, compiled

_EIGHTH = 0.41421356  # tangent of an eighth of half a turn

_STEEP = 150.0  # levels: the gradient above which there is an edge


def outline(levels: Tensor) -> Tensor:
    """The edges of whole levels (B, 1, H, W) from 0 to 255: bool, True where the gradient peaks across the edge.

    Canny's detector (IEEE PAMI 8, 1986) with 3 x 3 Sobel gradients, their absolute values added, and one threshold.
    The edge of a step lies on either side of it, as the direction has it.
    """
    if not compiled(levels):
        return outline_torch(levels)
    result = np.empty(levels.shape, np.bool_)
    for source, target in zip(levels.numpy()[:, 0], result[:, 0], strict=True):
        _outline(source, target)
    return torch.from_numpy(result)


def outline_torch(levels: Tensor) -> Tensor:
    """:func:`outline` on any device."""
    down, across = _sobel(levels)
    steepness = down.abs() + across.abs()
    around = F.pad(steepness, (1, 1, 1, 1))
    height, width = levels.shape[-2:]

    def at(row: int, column: int) -> Tensor:
        return around[..., 1 + row : 1 + row + height, 1 + column : 1 + column + width]

    sideways = (steepness > at(0, -1)) & (steepness >= at(0, 1))
    upright = (steepness > at(-1, 0)) & (steepness >= at(1, 0))
    falling = (steepness > at(-1, -1)) & (steepness > at(1, 1))
    rising = (steepness > at(-1, 1)) & (steepness > at(1, -1))
    slanted = torch.where(down * across >= 0, falling, rising)
    peak = torch.where(down.abs() < _EIGHTH * across.abs(), sideways, slanted)
    peak = torch.where(across.abs() < _EIGHTH * down.abs(), upright, peak)
    return peak & (steepness > _STEEP)


def _sobel(levels: Tensor) -> tuple[Tensor, Tensor]:
    padded = F.pad(levels, (1, 1, 1, 1), mode="replicate")
    rows = padded[..., :-2, :] + 2.0 * padded[..., 1:-1, :] + padded[..., 2:, :]
    columns = padded[..., :-2] + 2.0 * padded[..., 1:-1] + padded[..., 2:]
    return columns[..., 2:, :] - columns[..., :-2, :], rows[..., 2:] - rows[..., :-2]


@njit(cache=True, nogil=True)
def _outline(levels: Floats, result: NDArray[np.bool_]) -> None:
    height, width = levels.shape
    down, across = np.empty((height, width), np.float32), np.empty((height, width), np.float32)
    steepness = np.zeros((height + 2, width + 2), np.float32)
    lines = np.empty((2, width + 2), np.float32)
    for y in range(height):
        above, here, below = levels[max(y - 1, 0)], levels[y], levels[min(y + 1, height - 1)]
        for x in range(width):
            lines[0, x + 1] = above[x] + np.float32(2.0) * here[x] + below[x]
            lines[1, x + 1] = below[x] - above[x]
        for line in lines:
            line[0], line[-1] = line[1], line[-2]
        for x in range(width):
            across[y, x] = lines[0, x + 2] - lines[0, x]
            down[y, x] = lines[1, x] + np.float32(2.0) * lines[1, x + 1] + lines[1, x + 2]
            steepness[y + 1, x + 1] = abs(down[y, x]) + abs(across[y, x])
    for y in range(height):
        for x in range(width):
            steep = steepness[y + 1, x + 1] > np.float32(_STEEP)
            result[y, x] = steep and _peaks(steepness[y : y + 3, x : x + 3], down[y, x], across[y, x])


@njit(cache=True, nogil=True, inline="always")
def _peaks(around: Floats, down: np.float32, across: np.float32) -> bool:
    here = around[1, 1]
    if abs(across) < np.float32(_EIGHTH) * abs(down):
        return bool(here > around[0, 1] and here >= around[2, 1])
    if abs(down) < np.float32(_EIGHTH) * abs(across):
        return bool(here > around[1, 0] and here >= around[1, 2])
    if down * across >= 0:
        return bool(here > around[0, 0] and here > around[2, 2])
    return bool(here > around[0, 2] and here > around[2, 0])


def distance(marked: Tensor, reach: int) -> Tensor:
    """The exact Euclidean distance, at most ``reach`` pixels, to the nearest marked pixel of (B, 1, H, W) bool."""
    if not compiled(marked):
        return distance_torch(marked, reach)
    result = np.empty(marked.shape, np.float32)
    for source, target in zip(marked.numpy()[:, 0], result[:, 0], strict=True):
        _distance(source, reach, target)
    return torch.from_numpy(result)


def distance_torch(marked: Tensor, reach: int) -> Tensor:
    """:func:`distance` on any device."""
    far = reach * reach
    squares = torch.where(marked, 0.0, float(far))
    down = F.pad(squares, (0, 0, reach, reach), value=far)
    height, width = marked.shape[-2:]
    for step in range(1, reach):
        above, below = down[..., reach - step :, :][..., :height, :], down[..., reach + step :, :][..., :height, :]
        squares = torch.minimum(squares, torch.minimum(above, below) + step * step)
    across = F.pad(squares, (reach, reach), value=far)
    for step in range(1, reach):
        left, right = across[..., reach - step :][..., :width], across[..., reach + step :][..., :width]
        squares = torch.minimum(squares, torch.minimum(left, right) + step * step)
    return squares.clamp(max=far).sqrt()


@njit(cache=True, nogil=True)
def _distance(marked: Indices, reach: int, result: Floats) -> None:
    height, width = marked.shape
    steps = np.empty((height, width), np.int32)
    for x in range(width):
        steps[0, x] = 0 if marked[0, x] else reach
    for y in range(1, height):
        for x in range(width):
            steps[y, x] = 0 if marked[y, x] else min(steps[y - 1, x] + 1, reach)
    for y in range(height - 2, -1, -1):
        for x in range(width):
            steps[y, x] = min(steps[y, x], steps[y + 1, x] + 1)
    line = np.empty(width + 2 * reach, np.int32)
    line[:] = reach * reach
    for y in range(height):
        for x in range(width):
            line[reach + x] = steps[y, x] * steps[y, x]
        squares = line[reach : reach + width].copy()
        for step in range(1, reach):
            _lower(squares, line[reach - step :], line[reach + step :], step * step)
        for x in range(width):
            result[y, x] = np.sqrt(np.float32(squares[x]))


@njit(cache=True, nogil=True, inline="always")
def _lower(squares: Indices, left: Indices, right: Indices, added: int) -> None:
    for x in range(len(squares)):
        squares[x] = min(squares[x], np.int32(min(left[x], right[x]) + added))


def equalised(levels: Tensor, count: int) -> Tensor:
    """Histogram equalisation of whole numbers ``levels`` (B, 1, H, W) int64 in [0, count) to [0, 1], float32.

    Each level maps to the share of pixels at or below it, the lowest present to 0; an even picture is all 0.
    """
    flat = levels.flatten(1)
    histogram = torch.zeros(len(flat), count, dtype=torch.int64, device=flat.device)
    histogram.scatter_add_(1, flat, torch.ones_like(flat))
    below = histogram.cumsum(1)
    lowest = histogram.gather(1, flat.amin(1, keepdim=True))
    table = (below - lowest).clamp(min=0).double() / (flat.shape[1] - lowest).clamp(min=1)
    return table.float().gather(1, flat).reshape(levels.shape)


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
    """The share of pixels at or below each step, 0 at the lowest present, see :func:`.relief.equalised`."""
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
