"""The light that droplets refract into the lens: Canny edges, distance transform, equalisation and embossing.

The steps are those of ImageNet-C's spatter (cv2.Canny, distanceTransform, equalizeHist, filter2D), in a few passes over
a coarse grid.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Indices, Indices32, use_numba
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.device_tables import device_table

_TAN_EIGHTH = 0.41421356  # tan(pi / 8): gradients within an eighth of a half turn of an axis count as along it

_STEEP = 150.0  # levels: the gradient above which there is an edge

_EMBOSS = np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], np.float32)

_ROUNDING_MARGIN = 1e-3  # keeps a distance that is an integer number of steps from falling below it by rounding


def canny_edges(levels: Tensor) -> Tensor:
    """The edges of integer levels (B, 1, H, W) from 0 to 255: bool, True where the gradient peaks across the edge.

    Canny's detector (IEEE PAMI 8, 1986) with 3 x 3 Sobel gradients, their absolute values added, and one threshold.
    The edge of a step is on either side of it, depending on its direction.
    """
    if not use_numba(levels.device):
        return canny_edges_torch(levels)
    out = np.empty(levels.shape, np.bool_)
    for source, target in zip(levels.numpy()[:, 0], out[:, 0], strict=True):
        _canny_edges(source, target)
    return torch.from_numpy(out)


def canny_edges_torch(levels: Tensor) -> Tensor:
    """:func:`canny_edges` on any device."""
    down, across = _sobel(levels)
    steepness = down.abs() + across.abs()
    padded = F.pad(steepness, (1, 1, 1, 1))
    height, width = levels.shape[-2:]

    def at(row: int, column: int) -> Tensor:
        return padded[..., 1 + row : 1 + row + height, 1 + column : 1 + column + width]

    horizontal = (steepness > at(0, -1)) & (steepness >= at(0, 1))
    vertical = (steepness > at(-1, 0)) & (steepness >= at(1, 0))
    falling = (steepness > at(-1, -1)) & (steepness > at(1, 1))
    rising = (steepness > at(-1, 1)) & (steepness > at(1, -1))
    diagonal = torch.where(down * across >= 0, falling, rising)
    peak = torch.where(down.abs() < _TAN_EIGHTH * across.abs(), horizontal, diagonal)
    peak = torch.where(across.abs() < _TAN_EIGHTH * down.abs(), vertical, peak)
    return peak & (steepness > _STEEP)


def _sobel(levels: Tensor) -> tuple[Tensor, Tensor]:
    padded = F.pad(levels, (1, 1, 1, 1), mode="replicate")
    rows = padded[..., :-2, :] + 2.0 * padded[..., 1:-1, :] + padded[..., 2:, :]
    columns = padded[..., :-2] + 2.0 * padded[..., 1:-1] + padded[..., 2:]
    return columns[..., 2:, :] - columns[..., :-2, :], rows[..., 2:] - rows[..., :-2]


@njit(cache=True, nogil=True)
def _canny_edges(levels: Floats, out: NDArray[np.bool_]) -> None:
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
            out[y, x] = steep and _is_peak(steepness[y : y + 3, x : x + 3], down[y, x], across[y, x])


@njit(cache=True, nogil=True, inline="always")
def _is_peak(window: Floats, down: np.float32, across: np.float32) -> bool:
    here = window[1, 1]
    if abs(across) < np.float32(_TAN_EIGHTH) * abs(down):
        return bool(here > window[0, 1] and here >= window[2, 1])
    if abs(down) < np.float32(_TAN_EIGHTH) * abs(across):
        return bool(here > window[1, 0] and here >= window[1, 2])
    if down * across >= 0:
        return bool(here > window[0, 0] and here > window[2, 2])
    return bool(here > window[0, 2] and here > window[2, 0])


def distance_transform(marked: Tensor, reach: int) -> Tensor:
    """The exact Euclidean distance, at most ``reach`` pixels, to the nearest marked pixel of (B, 1, H, W) bool."""
    if not use_numba(marked.device):
        return distance_transform_torch(marked, reach)
    out = np.empty(marked.shape, np.float32)
    for source, target in zip(marked.numpy()[:, 0], out[:, 0], strict=True):
        _distance_transform(source, reach, target)
    return torch.from_numpy(out)


def distance_transform_torch(marked: Tensor, reach: int) -> Tensor:
    """:func:`distance_transform` on any device."""
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
def _distance_transform(marked: Indices, reach: int, out: Floats) -> None:
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
            out[y, x] = np.sqrt(np.float32(squares[x]))


@njit(cache=True, nogil=True, inline="always")
def _lower(squares: Indices32, left: Indices32, right: Indices32, added: int) -> None:
    for x in range(len(squares)):
        squares[x] = min(squares[x], np.int32(min(left[x], right[x]) + added))


def equalise_histogram(levels: Tensor, count: int) -> Tensor:
    """Histogram equalisation of integers (B, 1, H, W) int64 in [0, count) to [0, 1], float32.

    Each level is mapped to the fraction of pixels at or below it, the lowest present to 0; a constant image is all 0.
    """
    flat = levels.flatten(1)
    # Sorted, not added up: addition by index is not deterministic on CUDA.
    ordered, every = flat.sort(1).values, torch.arange(count, device=flat.device).expand(len(flat), -1)
    below = torch.searchsorted(ordered, every.contiguous(), right=True)
    lowest = below.gather(1, ordered[:, :1])
    table = (below - lowest).clamp(min=0).double() / (flat.shape[1] - lowest).clamp(min=1)
    return table.float().gather(1, flat).reshape(levels.shape)


def emboss(level: Tensor, reach: int, steps_per_pixel: int) -> Tensor:
    """``level`` times the embossed relief of its droplets, at most 1 in each image.

    The relief is the distance to the nearest outline, smoothed, equalised to [0, 1] and lit from the lower right.

    Args:
        level: integers (B, 1, h, w) from 0 to 255, 0 between the droplets.
        reach: distance, in pixels, at which the relief levels off.
        steps_per_pixel: resolution of the relief.

    Returns:
        (B, 1, h, w) in [0, 1].
    """
    distance = distance_transform(canny_edges(level), reach)
    if not use_numba(level.device):
        return emboss_torch(level, distance, reach, steps_per_pixel)
    out = np.empty(level.shape, np.float32)
    for b in range(len(level)):
        steps = _relief_steps(distance[b, 0].numpy(), np.float32(steps_per_pixel))
        relief = _equalised(steps, reach * steps_per_pixel + 1)
        _emboss(relief, _EMBOSS, level[b, 0].numpy(), out[b, 0])
    return torch.from_numpy(out)


def emboss_torch(level: Tensor, distance: Tensor, reach: int, steps_per_pixel: int) -> Tensor:
    """:func:`emboss` on any device, from the distance of each pixel to the nearest outline."""
    steps = (box_mean(distance) * steps_per_pixel + _ROUNDING_MARGIN).floor().long()
    relief = equalise_histogram(steps, reach * steps_per_pixel + 1)
    lit = F.conv2d(_mirror_pad(relief), device_table(_emboss_weights, level.device)[None, None])
    light = level * box_mean(lit.clamp(0.0, 1.0))
    peak = light.amax((1, 2, 3), keepdim=True)
    return light / torch.where(peak > 0, peak, 1.0)


def _emboss_weights() -> Floats:
    return _EMBOSS


def box_mean(field: Tensor) -> Tensor:
    """The mean of 3 x 3 pixels; the field is mirrored about its edge pixels."""
    padded = _mirror_pad(field)
    rows = padded[..., :-2, :] + padded[..., 1:-1, :] + padded[..., 2:, :]
    return (rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]) / 9.0


def _mirror_pad(field: Tensor) -> Tensor:
    return F.pad(field, (1, 1, 1, 1), mode="reflect")


def _equalised(steps: Indices32, count: int) -> Floats:
    """:func:`equalise_histogram` of one image (H, W)."""
    below = np.bincount(steps.ravel(), minlength=count).cumsum()
    lowest = below[steps.min()]
    table: Floats = ((below - lowest).clip(0) / max(steps.size - lowest, 1)).astype(np.float32)
    return table[steps]


@njit(cache=True, nogil=True)
def _relief_steps(distance: Floats, steps_per_pixel: np.float32) -> Indices32:
    height, width = distance.shape
    out = np.empty((height, width), np.int32)
    line = np.empty(width + 2, np.float32)
    for y in range(height):
        _sum_three_rows(distance, y, line)
        for x in range(width):
            mean = (line[x] + line[x + 1] + line[x + 2]) / np.float32(9.0)
            out[y, x] = np.int32(np.floor(mean * steps_per_pixel + np.float32(_ROUNDING_MARGIN)))
    return out


@njit(cache=True, nogil=True)
def _emboss(relief: Floats, weights: Floats, level: Floats, out: Floats) -> None:
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
        _sum_three_rows(lit, y, line)
        for x in range(width):
            out[y, x] = level[y, x] * ((line[x] + line[x + 1] + line[x + 2]) / np.float32(9.0))
        peak = max(peak, out[y].max())
    if peak > 0:
        for y in range(height):
            out[y] /= peak


@njit(cache=True, nogil=True, inline="always")
def _sum_three_rows(field: Floats, y: int, line: Floats) -> None:
    """The sum of the rows around ``y``, mirrored by one pixel at either end."""
    height, width = field.shape
    above, here, below = field[abs(y - 1)], field[y], field[min(y + 1, 2 * height - 3 - y)]
    for x in range(width):
        line[x + 1] = above[x] + here[x] + below[x]
    line[0], line[-1] = line[2], line[-3]
