"""Broad filters at a reduced scale, where they are nearly as accurate and cost a fraction."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from torch import Tensor

from robustbench_endo.corruptions.kernels.filters.separable import Border, border_index
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import Taps, at
from robustbench_endo.corruptions.kernels.interpolation.resample import resample


def at_reduced_scale(
    images: Tensor, factor: int, margin: int, border: Border, smooth: Callable[[Tensor], Tensor]
) -> Tensor:
    """Reduce (B, C, H, W) by ``factor`` with triangular weights, ``smooth`` that, and interpolate back.

    Both ways are adjoint, so that nothing moves; they add :func:`added_variance`, which ``smooth`` must leave out.

    Args:
        images: (B, C, H, W).
        factor: whole; 1 leaves the scale alone.
        margin: pixels beyond each edge, made by ``border``, that take part.
        border: what lies beyond the edge.
        smooth: the filter, on the reduced frame.
    """
    if factor == 1:
        return smooth(images)
    sides = images.shape[-2:]
    cells = -(-margin // factor)
    down = [_reduced(side, factor, cells, border) for side in sides]
    up = [_enlarged(side, factor, cells, len(taps.start)) for side, taps in zip(sides, down, strict=True)]
    return resample(smooth(resample(images, down[0], down[1])), up[0], up[1])


def added_variance(factor: int) -> float:
    """The variance, in px^2 along each axis, of going down and up by ``factor``; none for 1."""
    # That of a triangle of half-width ``factor``, sampled on its peak (odd) or beside it (even), twice.
    return (factor**2 - 1) / 3.0 if factor % 2 else (2.0 * factor**2 + 1.0) / 6.0


@lru_cache(maxsize=32)
def _reduced(size: int, factor: int, cells: int, border: Border) -> Taps:
    before = cells * factor
    count = -(-(size + 2 * before) // factor)
    half = factor // 2  # a triangle reaches half a cell into either neighbour
    index = border_index(size, before + half, before + 2 * factor, border)
    index = np.stack([index[i * factor : (i + 2) * factor] for i in range(count)])
    distance = np.arange(2 * factor) - half - (factor - 1) / 2.0
    triangle = (1.0 - np.abs(distance) / factor).clip(0.0)
    start = index.min(axis=1).clip(0, max(size - 2 * factor, 0))
    weights = np.zeros((count, min(2 * factor, size)))
    np.add.at(weights, (np.arange(count)[:, None], index - start[:, None]), triangle / triangle.sum())
    return Taps(start, weights.astype(np.float32), size)


@lru_cache(maxsize=32)
def _enlarged(size: int, factor: int, cells: int, count: int) -> Taps:
    return at((np.arange(size) + 0.5) / factor - 0.5 + cells, count)
