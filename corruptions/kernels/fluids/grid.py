"""Fields of a fluid on a lattice tied to the frame: smooth noise, enlargement, light.

The lattice has one node a reference pixel, whatever the resolution of the picture. Random nodes are drawn with the
longer side first: a lattice one line longer then holds the same numbers.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Indices, batch, compiled, planes
from robustbench_endo.corruptions.kernels.interpolation.fast_resample import Starts, combine
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import Taps, area, bilinear
from robustbench_endo.corruptions.kernels.interpolation.resample import resample, resample_torch
from robustbench_endo.corruptions.rng import Noise

Repeats = tuple[int, int, int]


def enlarge(fields: Tensor, rows: Taps, columns: Taps) -> Tensor:
    """(B, C, h, w) -> (B, C, len(rows), len(columns)): :func:`.resample.resample` but for the order of the sums."""
    if not compiled(fields):
        return resample_torch(fields, rows, columns)
    if len(rows.start) < fields.shape[-2]:
        return resample(fields, rows, columns)
    stack = planes(fields)
    result = np.empty((len(stack), len(rows.start), len(columns.start)), np.float32)
    _enlarge(stack, rows.start, rows.weights, columns.short_start, columns.by_tap, repeats(columns), result)
    return batch(result, fields)


def repeats(columns: Taps) -> Repeats:
    """What :func:`.strides.combine` asks for."""
    return columns.stride.kind, columns.stride.first, columns.stride.end


@njit(cache=True, nogil=True)
def _enlarge(
    stack: Floats,
    row_start: Indices,
    row_weights: Floats,
    column_start: Starts,
    column_weights: Floats,
    stride: Repeats,
    result: Floats,
) -> None:
    ring = np.empty((row_weights.shape[1], result.shape[2]), np.float32)
    for plane in range(len(stack)):
        ready = 0
        for y in range(len(row_start)):
            ready = widen(stack[plane], ready, row_start[y], column_start, column_weights, stride, ring)
            weighted(ring, row_start[y], row_weights[y], result[plane, y])


@njit(cache=True, nogil=True)
def widen(
    plane: Floats, ready: int, start: int, column_start: Starts, weights: Floats, stride: Repeats, ring: Floats
) -> int:
    """Put the enlarged rows ``start`` ... of ``plane`` into ``ring``, row r at place r modulo its length.

    ``ready`` rows have been there already; the new number comes back.
    """
    kind, first, end = stride
    for row in range(max(ready, start), start + len(ring)):
        line = ring[row % len(ring)]
        line[:] = np.float32(0.0)
        combine(plane[row], column_start, weights, kind, first, end, line)
    return max(ready, start + len(ring))


@njit(cache=True, nogil=True)
def weighted(ring: Floats, start: int, weights: Floats, target: Floats) -> None:
    """``target`` = the sum over k of ``weights[k]`` times row ``start`` + k of ``ring``."""
    first, count = ring[start % len(ring)], len(ring)
    if count == 2:
        second = ring[(start + 1) % count]
        for x in range(len(target)):
            target[x] = weights[0] * first[x] + weights[1] * second[x]
        return
    for x in range(len(target)):
        target[x] = weights[0] * first[x]
    for k in range(1, count):
        line, weight = ring[(start + k) % count], weights[k]
        for x in range(len(target)):
            target[x] += weight * line[x]


_SPLINE_STD = 0.4794  # root mean square of a bicubic B-spline through independent nodes of unit variance

_SHORT = 2.5  # pixels between nodes up to which interpolation is linear

_LIGHT_CELL = 32  # reference pixels over which the light is averaged


def lattice_size(size: tuple[int, ...], unit: float) -> tuple[int, int]:
    """Rows and columns of the lattice of a frame (H, W) whose reference pixel is ``unit`` pixels long."""
    height, width = (max(round(side / unit), 4) for side in size[-2:])
    return height, width


def smooth_noise(noise: Noise, size: tuple[int, int], spacing: float, stream: int) -> Tensor:
    """Standard normal noise (B, 1, h, w) on nodes ``spacing`` apart, through a cubic B-spline: twice differentiable."""
    rows, columns = (_between_nodes(side, spacing) for side in size)
    field = _nodes(noise, (rows.size, columns.size), stream)
    return enlarge(field, rows, columns) / _SPLINE_STD


def fractal_noise(
    noise: Noise, size: tuple[int, int], spacing: float, octaves: int, stream: int, gain: float = 0.5
) -> Tensor:
    """``octaves`` of :func:`smooth_noise`, each of half the spacing and ``gain`` of the amplitude; unit variance."""
    layers = [smooth_noise(noise, size, spacing / 2**i, stream + i) * gain**i for i in range(octaves)]
    total = sum(layers[1:], start=layers[0])
    return total / float(np.sqrt(sum(gain ** (2 * i) for i in range(octaves))))


def normal_nodes(noise: Noise, size: tuple[int, int], stream: int) -> Tensor:
    """Independent standard normal nodes (B, 1, h, w)."""
    return _nodes(noise, size, stream)


def _nodes(noise: Noise, size: tuple[int, int], stream: int) -> Tensor:
    height, width = size
    if width > height:
        return noise.normal((1, width, height), stream).transpose(-1, -2).contiguous()
    return noise.normal((1, height, width), stream)


def to_frame(fields: Tensor, size: tuple[int, ...]) -> Tensor:
    """Fields (B, C, h, w) at every pixel of a frame (H, W): interpolated, or the mean where pixels are larger."""
    return enlarge(fields, *frame_taps(fields.shape, size))


def frame_taps(nodes: tuple[int, ...], size: tuple[int, ...]) -> tuple[Taps, Taps]:
    """The rows and columns of :func:`to_frame` from a lattice (h, w) to a frame (H, W)."""
    rows, columns = (_enlarged(count, side) for count, side in zip(nodes[-2:], size[-2:], strict=True))
    return rows, columns


def _enlarged(nodes: int, side: int) -> Taps:
    if side <= nodes:
        return area(nodes, side)
    # Straight lines between nodes show only when they are long.
    return bilinear(nodes, side) if side <= _SHORT * nodes else spline(nodes, side)


def to_lattice(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Means of (B, C, H, W) over the cells of a lattice (h, w)."""
    rows, columns = (area(side, nodes) for side, nodes in zip(images.shape[-2:], size, strict=True))
    return resample(images, rows, columns)


def brightness(images: Tensor, size: tuple[int, int]) -> Tensor:
    """The largest channel of (B, 3, H, W) on a lattice: (B, 1, h, w)."""
    return to_lattice(images.amax(1, keepdim=True), size)


def scene_light(bright: Tensor) -> Tensor:
    """How brightly the scene is lit around each node of a lattice, from its :func:`brightness`: (B, 1, h, w)."""
    return averaged(bright, _LIGHT_CELL)


def averaged(field: Tensor, cell: int) -> Tensor:
    """A field (B, 1, h, w) smoothed: its means over cells of about ``cell`` x ``cell`` nodes (at least 4 x 4 of them),
    interpolated."""
    height, width = (max(side // cell, 4) for side in field.shape[-2:])
    return to_frame(to_lattice(field, (height, width)), field.shape)


@lru_cache(maxsize=64)
def spline(size: int, count: int) -> Taps:
    """``count`` pixels from the cubic B-spline through ``size`` >= 4 nodes over the same extent; smooths a little."""
    return _spline_taps((np.arange(count) + 0.5) * (size / count) - 0.5, size)


@lru_cache(maxsize=64)
def _between_nodes(count: int, spacing: float) -> Taps:
    position = (np.arange(count) + 0.5) / spacing + 1.0
    return _spline_taps(position, int(position[-1]) + 3)


def _spline_taps(position: NDArray[np.floating[Any]], size: int) -> Taps:
    base = np.floor(position)
    u = position - base
    shares = np.stack(((1 - u) ** 3, 3 * u**3 - 6 * u**2 + 4, 3 * (1 - u) ** 3 - 6 * (1 - u) ** 2 + 4, u**3), 1) / 6.0
    node = (base[:, None].astype(np.int64) + np.arange(-1, 3)).clip(0, size - 1)
    start = (base.astype(np.int64) - 1).clip(0, size - 4)
    weights = np.zeros(shares.shape, np.float64)
    np.add.at(weights, (np.arange(len(u))[:, None], node - start[:, None]), shares)
    return Taps(start, weights.astype(np.float32), size)
