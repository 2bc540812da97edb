"""The bilinear interpolation of logits at the pixels of a target."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


@lru_cache(maxsize=64)  # sides of maps and frames; the arrays must not be written to
def interpolation_weights(length: int, target: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """For each of ``target`` positions: its two neighbours among ``length`` pixels and the weight of the second."""
    position = np.clip((np.arange(target) + 0.5) * (length / target) - 0.5, 0, length - 1)
    low = np.floor(position).astype(np.int64)
    return low, np.minimum(low + 1, length - 1), (position - low).astype(np.float32)
