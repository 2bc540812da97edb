"""From the lattice of a procedural field to the pixels of a frame, without creases."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .taps import Taps, area


@lru_cache(maxsize=64)
def smooth(size: int, count: int) -> Taps:
    """``count`` pixels from ``size`` cells over the same extent: a quadratic B-spline (Unser, "Splines", IEEE Signal
    Processing Magazine 1999) when enlarging, which neither overshoots nor creases; means over areas when reducing."""
    if count < size:
        return area(size, count)
    position = (np.arange(count) + 0.5) * (size / count) - 0.5
    nearest = np.floor(position + 0.5).astype(np.int64)
    offset = position - nearest
    spline = np.stack((0.5 * (0.5 - offset) ** 2, 0.75 - offset**2, 0.5 * (0.5 + offset) ** 2), axis=1)
    start = (nearest - 1).clip(0, size - 3)
    cell = (nearest[:, None] + np.arange(-1, 2)).clip(0, size - 1)
    weights = np.zeros((count, 3))
    np.add.at(weights, (np.arange(count)[:, None], cell - start[:, None]), spline)
    return Taps(start, weights.astype(np.float32), size)
