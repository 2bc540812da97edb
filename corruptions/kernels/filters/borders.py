"""What lies beyond the edge of an image, as indices into it."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ..backend import Indices

Border = Literal["nearest", "reflect", "mirror"]
"""As in scipy.ndimage: ``nearest`` a|abc|c, ``reflect`` a|abc|c then b, ``mirror`` b|abc|b."""


def border_index(size: int, before: int, after: int, border: Border) -> Indices:
    """The index in [0, size) that stands at each of the positions -before ... size - 1 + after."""
    position = np.arange(-before, size + after, dtype=np.int64)
    if border == "nearest":
        return position.clip(0, size - 1)
    if border == "reflect":
        folded = position % (2 * size)
        return np.minimum(folded, 2 * size - 1 - folded)
    period = max(2 * size - 2, 1)
    folded = position % period
    return np.minimum(folded, period - folded)
