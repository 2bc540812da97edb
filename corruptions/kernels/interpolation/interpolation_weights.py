"""Resampling weights along one axis: the input pixels of each output pixel, and their weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Indices
from robustbench_endo.corruptions.kernels.device_tables import device_table
from robustbench_endo.corruptions.kernels.interpolation.fast_resample import WeightArrays, find_stride


@dataclass(frozen=True, eq=False)
class InterpolationWeights:
    """Output pixel ``i`` is the sum over k of ``weights[i, k] * input[start[i] + k]``.

    Attributes:
        start: int64 (n,), first input pixel of each output pixel.
        weights: float32 (n, taps); every ``start[i] + taps`` lies within the input.
        size: number of input pixels.
    """

    start: Indices
    weights: Floats
    size: int

    def __len__(self) -> int:
        return len(self.start)

    @property
    def taps(self) -> int:
        """Number of input pixels of each output pixel."""
        return int(self.weights.shape[1])

    @cached_property
    def arrays(self) -> WeightArrays:
        """The arrays that compiled kernels take."""
        by_tap = np.ascontiguousarray(self.weights.T)
        stride = find_stride(self.start, self.weights)
        return WeightArrays(self.start, self.weights, self.start.astype(np.int32), by_tap, stride)

    @cached_property
    def copies(self) -> bool:
        """Whether every output pixel is the input pixel of the same index."""
        return self.weights.shape == (self.size, 1) and bool(
            (self.start == np.arange(self.size)).all() and (self.weights == 1.0).all()
        )

    def matrix(self, device: torch.device) -> Tensor:
        """The weights as a dense float32 matrix (n, size); never modify it.

        It stays on the device unless it is large. A large one is made anew of the few weights, which stay there, so
        that no call after the first waits for an upload.
        """
        if len(self) * self.size <= _LARGEST_CACHED:
            return _cached_matrix(self, device)
        pixels, weights = (device_table(table, device, self) for table in (_taps, _weights))
        return torch.zeros(len(self), self.size, device=device).scatter_(1, pixels, weights)


_LARGEST_CACHED = 1 << 20  # elements of a matrix that stays on the device
_MOST_CACHED = 256  # at most 1 GB in all; zoom_blur has 66 of them at severity 5, of 1 MB for 512 pixels


@lru_cache(maxsize=_MOST_CACHED)
def _cached_matrix(weights: InterpolationWeights, device: torch.device) -> Tensor:
    with torch.inference_mode(False):
        return torch.from_numpy(_dense(weights)).to(device)


def _taps(weights: InterpolationWeights) -> Indices:
    """(n, taps): the input pixel of each weight."""
    pixels: Indices = weights.start[:, None] + np.arange(weights.taps)
    return pixels


def _weights(weights: InterpolationWeights) -> Floats:
    return weights.weights


def _dense(weights: InterpolationWeights) -> Floats:
    dense = np.zeros((len(weights), weights.size), np.float32)
    np.put_along_axis(dense, _taps(weights), weights.weights, axis=1)
    return dense


@lru_cache(maxsize=256)
def box_weights(size: int, count: int) -> InterpolationWeights:
    """``count`` cells, each the mean of the pixels whose centres it contains (of the nearest if it contains none)."""
    # Written as Pillow writes it: centres that fall on an edge then go to the same side as there.
    scale = size / count
    extent = max(scale, 1.0)
    centre = (np.arange(count) + 0.5) * scale
    first = (centre - 0.5 * extent + 0.5).astype(np.int64).clip(0)
    width = int(((centre + 0.5 * extent + 0.5).astype(np.int64).clip(max=size) - first).max())
    start = np.minimum(first, size - width)
    offset = (start[:, None] + np.arange(width) - centre[:, None] + 0.5) * (1.0 / extent)
    inside = (offset > -0.5) & (offset <= 0.5)
    return InterpolationWeights(start, (inside / inside.sum(axis=1, keepdims=True)).astype(np.float32), size)


@lru_cache(maxsize=256)
def area_weights(size: int, count: int) -> InterpolationWeights:
    """``count`` cells, each the mean over its extent; pixels on an edge are weighted by their overlap.

    >>> area_weights(3, 2).matrix(torch.device("cpu"))
    tensor([[0.6667, 0.3333, 0.0000],
            [0.0000, 0.3333, 0.6667]])
    """
    edges = np.arange(count + 1) * (size / count)
    first = np.floor(edges[:-1] + 1e-9).astype(np.int64)
    width = int((np.ceil(edges[1:] - 1e-9).astype(np.int64) - first).max())
    first = np.minimum(first, size - width)
    pixel = first[:, None] + np.arange(width)
    overlap = np.minimum(pixel + 1, edges[1:, None]) - np.maximum(pixel, edges[:-1, None])
    overlap = overlap.clip(0.0)
    return InterpolationWeights(first, (overlap / overlap.sum(1, keepdims=True)).astype(np.float32), size)


@lru_cache(maxsize=256)
def nearest_weights(size: int, count: int) -> InterpolationWeights:
    """Each of ``count`` pixels from the input pixel under its centre."""
    # Added up step by step, as Pillow does: centres that fall on an edge then go to the same side as there.
    steps = np.full(count, size / count)
    steps[0] *= 0.5
    start = np.cumsum(steps).astype(np.int64).clip(0, size - 1)
    return InterpolationWeights(start, np.ones((count, 1), np.float32), size)


@lru_cache(maxsize=256)
def bilinear_weights(size: int, count: int) -> InterpolationWeights:
    """``count`` pixels interpolated between the centres of ``size`` pixels over the same extent."""
    return linear_at(((np.arange(count) + 0.5) * (size / count) - 0.5), size)


def linear_at(position: NDArray[np.floating[Any]], size: int) -> InterpolationWeights:
    """Linear interpolation at ``position``, in pixels (0: centre of the first); the edge is repeated beyond it."""
    inside = position.clip(0.0, size - 1.0)
    start = np.floor(inside).astype(np.int64).clip(0, max(size - 2, 0))
    fraction = inside - start
    weights = np.stack((1.0 - fraction, fraction), axis=1) if size > 1 else np.ones((len(position), 1))
    return InterpolationWeights(start, weights.astype(np.float32), size)
