"""The arrays that this room passes about."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.floating[Any]]
"""float32 throughout; the wider type is what arithmetic on float32 is declared to give."""

Flags = NDArray[np.bool_]
Points = NDArray[np.float64]
"""(n, 2): x, y in pixels, pixel centres at whole numbers."""

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""ITU-R BT.601, as JPEG and PNG viewers weigh red, green and blue."""


def luma(image: Bytes | Floats) -> Floats:
    """(H, W, 3) -> (H, W), in the range of the input."""
    weighed: Floats = image.astype(np.float32, copy=False) @ LUMA
    return weighed
