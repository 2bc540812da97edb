"""The quantiser steps of a baseline JPEG."""

from __future__ import annotations

import numpy as np

from ..backend import Floats

Table = tuple[tuple[int, ...], ...]

# ITU-T T.81, Annex K, Tables K.1 (luminance) and K.2 (chrominance).
LUMINANCE: Table = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
CHROMINANCE: Table = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)


def quantiser(quality: int, base: Table = LUMINANCE) -> Floats:
    """The (8, 8) quantiser steps at ``quality`` by the Independent JPEG Group's rule, in grey levels."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return ((np.array(base) * scale + 50) // 100).clip(1, 255).astype(np.float32)
