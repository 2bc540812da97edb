"""Wide filters at a reduced scale, where they are nearly as accurate and cost a fraction."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from torch import Tensor

from robustbench_endo.corruptions.kernels.filters.separable import Border, border_index
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import InterpolationWeights, linear_at
from robustbench_endo.corruptions.kernels.interpolation.resample import resample


def filter_at_reduced_scale(
    images: Tensor, factor: int, margin: int, border: Border, smooth: Callable[[Tensor], Tensor]
) -> Tensor:
    """Reduce (B, C, H, W) by ``factor`` with triangular weights, ``smooth`` the result, and interpolate back.

    Both resamplings are adjoint, so that nothing moves; they add :func:`added_variance`, which ``smooth`` must omit.

    Args:
        images: (B, C, H, W).
        factor: positive integer; 1 applies ``smooth`` at full scale.
        margin: pixels beyond each edge, extrapolated by ``border``, that are included.
        border: extrapolation beyond the edge.
        smooth: the filter, applied to the reduced images.
    """
    if factor == 1:
        return smooth(images)
    sides = images.shape[-2:]
    cells = -(-margin // factor)
    down = [reduction(side, factor, cells, border) for side in sides]
    up = [enlargement(side, factor, cells, len(weights)) for side, weights in zip(sides, down, strict=True)]
    return resample(smooth(resample(images, down[0], down[1])), up[0], up[1])


def added_variance(factor: int) -> float:
    """Variance, in px^2 along each axis, of reducing and enlarging by ``factor``; 0 for a factor of 1."""
    # Twice that of a triangle of half-width ``factor``, sampled at its peak (odd) or next to it (even).
    return (factor**2 - 1) / 3.0 if factor % 2 else (2.0 * factor**2 + 1.0) / 6.0


@lru_cache(maxsize=256)
def reduction(size: int, factor: int, cells: int, border: Border) -> InterpolationWeights:
    """Weights that reduce an axis of ``size`` pixels by ``factor``, with ``cells`` more on either side."""
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
    return InterpolationWeights(start, weights.astype(np.float32), size)


@lru_cache(maxsize=256)
def enlargement(size: int, factor: int, cells: int, count: int) -> InterpolationWeights:
    """Weights that interpolate ``size`` pixels from ``count`` cells, of which ``cells`` lie before the first pixel."""
    return linear_at((np.arange(size) + 0.5) / factor - 0.5 + cells, count)
