"""Coarse grids tied to the frame: the grid itself, smooth noise on it, and conversion from and to pixels.

A grid has one node per reference pixel, whatever the resolution of the image, so that a field is the same at every
resolution. Random nodes are drawn along the longer side first: a grid that is one line longer then has the same values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import use_numba
from robustbench_endo.corruptions.kernels.fluids.upsample_rows import upsample_fields
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import (
    InterpolationWeights,
    area_weights,
    bilinear_weights,
)
from robustbench_endo.corruptions.kernels.interpolation.resample import resample
from robustbench_endo.corruptions.rng import Noise

SHORT_SIDE = 256
"""Nodes along the short side of a :class:`CoarseGrid`."""

_SPLINE_STD = 0.4794  # root mean square of a bicubic B-spline through independent nodes of unit variance

_LINEAR_UP_TO = 2.5  # pixels between nodes up to which interpolation is linear

_LIGHT_CELL = 32  # nodes over which the illumination is averaged


def coarse_grid_size(size: tuple[int, ...], unit: float) -> tuple[int, int]:
    """Rows and columns of the coarse grid of a frame (..., H, W) with nodes ``unit`` pixels apart, at least 4 x 4."""
    height, width = (max(round(side / unit), 4) for side in size[-2:])
    return height, width


@dataclass(frozen=True)
class CoarseGrid:
    """A grid of :data:`SHORT_SIDE` nodes along the short side of a frame.

    Attributes:
        rows: nodes along the height.
        columns: nodes along the width.
        height: height of the frame in pixels.
        width: width of the frame in pixels.
    """

    rows: int
    columns: int
    height: int
    width: int

    @staticmethod
    def of(size: Sequence[int]) -> CoarseGrid:
        """The grid of a frame of ``size`` (height, width).

        >>> CoarseGrid.of((512, 640)).size
        (256, 320)
        """
        height, width = size
        rows, columns = coarse_grid_size((height, width), min(size) / SHORT_SIDE)
        return CoarseGrid(rows, columns, height, width)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.columns

    @property
    def scale(self) -> float:
        """Nodes per pixel."""
        return min(self.rows, self.columns) / min(self.height, self.width)

    def coordinates(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """x (1, 1, columns) and y (1, rows, 1) of the nodes, in nodes from the centre of the frame."""
        x = torch.arange(self.columns, device=device, dtype=torch.float32) + (0.5 - self.columns / 2)
        y = torch.arange(self.rows, device=device, dtype=torch.float32) + (0.5 - self.rows / 2)
        return x[None, None], y[None, :, None]

    def squared_radius(self, device: torch.device) -> Tensor:
        """(1, rows, columns): squared distance from the centre of the frame, 1 in the corners."""
        x, y = self.coordinates(device)
        return (x * x + y * y) / ((self.columns**2 + self.rows**2) / 4)


def normal_nodes(noise: Noise, size: tuple[int, int], stream: int) -> Tensor:
    """Independent standard normal nodes (B, 1, h, w)."""
    height, width = size
    if width > height:
        return noise.normal((1, width, height), stream).transpose(-1, -2).contiguous()
    return noise.normal((1, height, width), stream)


def spline_noise(noise: Noise, size: tuple[int, int], spacing: float, stream: int) -> Tensor:
    """Standard normal noise on a coarse grid, twice differentiable.

    Args:
        noise: source of the random numbers.
        size: rows and columns of the grid.
        spacing: distance, in nodes of the grid, of the random nodes that a cubic B-spline interpolates.
        stream: stream of ``noise``.

    Returns:
        (B, 1, h, w).
    """
    if not use_numba(noise.device):
        return _scaled_spline_noise(noise, size, spacing, stream, 1.0)
    rows, columns = (_weights_between_nodes(side, spacing) for side in size)
    field = normal_nodes(noise, (rows.size, columns.size), stream)
    return upsample_fields(field, rows, columns) / _SPLINE_STD


def _scaled_spline_noise(noise: Noise, size: tuple[int, int], spacing: float, stream: int, scale: float) -> Tensor:
    """``scale`` times :func:`spline_noise`: the few nodes are scaled, not the field."""
    rows, columns = (_weights_between_nodes(side, spacing) for side in size)
    nodes = normal_nodes(noise, (rows.size, columns.size), stream)
    return upsample_fields(nodes.mul_(scale / _SPLINE_STD), rows, columns)


def fractal_spline_noise(
    noise: Noise, size: tuple[int, int], spacing: float, octaves: int, stream: int, gain: float = 0.5
) -> Tensor:
    """Sum of ``octaves`` of :func:`spline_noise`, scaled to unit variance.

    Each octave has half the spacing and ``gain`` times the amplitude of the one before; octave i takes ``stream`` + i.
    """
    deviation = float(np.sqrt(sum(gain ** (2 * i) for i in range(octaves))))
    if not use_numba(noise.device):
        total = _scaled_spline_noise(noise, size, spacing, stream, 1.0 / deviation)
        for i in range(1, octaves):
            total += _scaled_spline_noise(noise, size, spacing / 2**i, stream + i, gain**i / deviation)
        return total
    layers = [spline_noise(noise, size, spacing / 2**i, stream + i) * gain**i for i in range(octaves)]
    return sum(layers[1:], start=layers[0]) / deviation


def to_frame(fields: Tensor, size: tuple[int, ...]) -> Tensor:
    """Fields (B, C, h, w) at every pixel of a frame (..., H, W): interpolated, or the mean where pixels are larger."""
    return upsample_fields(fields, *frame_weights(fields.shape, size))


def frame_weights(grid: tuple[int, ...], size: tuple[int, ...]) -> tuple[InterpolationWeights, InterpolationWeights]:
    """Weights of the rows and columns of :func:`to_frame`, from a grid (..., h, w) to a frame (..., H, W)."""
    rows, columns = (_frame_weights(nodes, side) for nodes, side in zip(grid[-2:], size[-2:], strict=True))
    return rows, columns


def _frame_weights(nodes: int, side: int) -> InterpolationWeights:
    if side <= nodes:
        return area_weights(nodes, side)
    # Straight lines between nodes are visible only if they are long.
    return bilinear_weights(nodes, side) if side <= _LINEAR_UP_TO * nodes else _spline_weights(nodes, side)


def to_coarse_grid(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Means of (B, C, H, W) over the cells of a grid (h, w)."""
    rows, columns = (area_weights(side, nodes) for side, nodes in zip(images.shape[-2:], size, strict=True))
    return resample(images, rows, columns)


def coarse_brightness(images: Tensor, size: tuple[int, int]) -> Tensor:
    """The largest channel of (B, 3, H, W), averaged over the cells of a grid: (B, 1, h, w)."""
    return to_coarse_grid(images.amax(1, keepdim=True), size)


def illumination(brightness: Tensor) -> Tensor:
    """How brightly the scene is lit around each node, from its :func:`coarse_brightness`: (B, 1, h, w)."""
    return local_mean(brightness, _LIGHT_CELL)


def local_mean(field: Tensor, cell: int) -> Tensor:
    """A smoothed field (B, 1, h, w): its means over cells of about ``cell`` x ``cell`` nodes, interpolated.

    There are at least 4 x 4 cells.
    """
    height, width = (max(side // cell, 4) for side in field.shape[-2:])
    return to_frame(to_coarse_grid(field, (height, width)), field.shape)


@lru_cache(maxsize=256)
def _spline_weights(size: int, count: int) -> InterpolationWeights:
    """``count`` pixels from the cubic B-spline through ``size`` >= 4 nodes over the same extent; smooths a little."""
    return _cubic_b_spline_at((np.arange(count) + 0.5) * (size / count) - 0.5, size)


@lru_cache(maxsize=256)
def _weights_between_nodes(count: int, spacing: float) -> InterpolationWeights:
    position = (np.arange(count) + 0.5) / spacing + 1.0
    return _cubic_b_spline_at(position, int(position[-1]) + 3)


def _cubic_b_spline_at(position: NDArray[np.floating[Any]], size: int) -> InterpolationWeights:
    base = np.floor(position)
    u = position - base
    basis = np.stack(((1 - u) ** 3, 3 * u**3 - 6 * u**2 + 4, 3 * (1 - u) ** 3 - 6 * (1 - u) ** 2 + 4, u**3), 1) / 6.0
    node = (base[:, None].astype(np.int64) + np.arange(-1, 3)).clip(0, size - 1)
    start = (base.astype(np.int64) - 1).clip(0, size - 4)
    weights = np.zeros(basis.shape, np.float64)
    np.add.at(weights, (np.arange(len(u))[:, None], node - start[:, None]), basis)
    return InterpolationWeights(start, weights.astype(np.float32), size)
