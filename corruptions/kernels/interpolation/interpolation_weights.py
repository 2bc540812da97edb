"""One axis of a resampling: which input pixels make an output pixel, and with what weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats, Indices
from robustbench_endo.corruptions.kernels.interpolation.fast_resample import Starts, Stride, stride


@dataclass(frozen=True, eq=False)
class Taps:
    """Output pixel ``i`` is the sum of ``weights[i, k] * input[start[i] + k]``.

    Attributes:
        start: int64 (n,).
        weights: float32 (n, taps); every ``start[i] + taps`` lies within the input.
        size: the number of input pixels.
    """

    start: Indices
    weights: Floats
    size: int

    @cached_property
    def stride(self) -> Stride:
        """Where it is a plain halving or doubling."""
        return stride(self.start, self.weights)

    @cached_property
    def by_tap(self) -> Floats:
        """``weights`` (taps, n), each tap's in a row."""
        return np.ascontiguousarray(self.weights.T)

    @cached_property
    def short_start(self) -> Starts:
        """``start`` as int32, by which look-ups are vectorised."""
        return self.start.astype(np.int32)

    def matrix(self, device: torch.device) -> Tensor:
        """The same as a dense float32 (n, size)."""
        dense = np.zeros((len(self.start), self.size), np.float32)
        columns = self.start[:, None] + np.arange(self.weights.shape[1])
        np.add.at(dense, (np.arange(len(dense))[:, None], columns), self.weights)
        return torch.from_numpy(dense).to(device)


@lru_cache(maxsize=64)
def box(size: int, count: int) -> Taps:
    """``count`` cells, each the mean of the pixels whose centres it holds (of the nearest, when it holds none)."""
    # Written as Pillow writes it: centres that fall on an edge then go to the same side as there.
    scale = size / count
    extent = max(scale, 1.0)
    centre = (np.arange(count) + 0.5) * scale
    first = (centre - 0.5 * extent + 0.5).astype(np.int64).clip(0)
    width = int(((centre + 0.5 * extent + 0.5).astype(np.int64).clip(max=size) - first).max())
    start = np.minimum(first, size - width)
    offset = (start[:, None] + np.arange(width) - centre[:, None] + 0.5) * (1.0 / extent)
    inside = (offset > -0.5) & (offset <= 0.5)
    return Taps(start, (inside / inside.sum(axis=1, keepdims=True)).astype(np.float32), size)


@lru_cache(maxsize=64)
def area(size: int, count: int) -> Taps:
    """``count`` cells, each the mean over its extent; pixels on an edge count by their share."""
    edges = np.arange(count + 1) * (size / count)
    first = np.floor(edges[:-1] + 1e-9).astype(np.int64)
    width = int((np.ceil(edges[1:] - 1e-9).astype(np.int64) - first).max())
    first = np.minimum(first, size - width)
    pixel = first[:, None] + np.arange(width)
    share = np.minimum(pixel + 1, edges[1:, None]) - np.maximum(pixel, edges[:-1, None])
    share = share.clip(0.0)
    return Taps(first, (share / share.sum(1, keepdims=True)).astype(np.float32), size)


@lru_cache(maxsize=64)
def nearest(size: int, count: int) -> Taps:
    """Each of ``count`` pixels from the input pixel under its centre."""
    # Added up step by step, as Pillow does: centres that fall on an edge then go to the same side as there.
    steps = np.full(count, size / count)
    steps[0] *= 0.5
    start = np.cumsum(steps).astype(np.int64).clip(0, size - 1)
    return Taps(start, np.ones((count, 1), np.float32), size)


@lru_cache(maxsize=64)
def bilinear(size: int, count: int) -> Taps:
    """``count`` pixels interpolated between the centres of ``size`` pixels over the same extent."""
    return at(((np.arange(count) + 0.5) * (size / count) - 0.5), size)


def at(position: NDArray[np.floating[Any]], size: int) -> Taps:
    """Linear interpolation at ``position``, in pixels (0 = centre of the first); the edge is repeated beyond it."""
    inside = position.clip(0.0, size - 1.0)
    start = np.floor(inside).astype(np.int64).clip(0, max(size - 2, 0))
    fraction = inside - start
    weights = np.stack((1.0 - fraction, fraction), axis=1) if size > 1 else np.ones((len(position), 1))
    return Taps(start, weights.astype(np.float32), size)
