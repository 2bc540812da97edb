"""The window and the constants of structural similarity (Wang et al., 2004)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RADIUS = 5
"""A pixel has a score where its window, 11 x 11 pixels, lies in the image."""

_OFFSETS = np.arange(-RADIUS, RADIUS + 1)

_BELL = np.exp(-0.5 * (_OFFSETS / 1.5) ** 2)

WINDOW: NDArray[np.float32] = (_BELL / _BELL.sum()).astype(np.float32)
"""Weights along one axis, Gaussian with sigma 1.5; those of a pixel are products of two."""

C1, C2 = 0.01**2, 0.03**2
"""Stabilisers for data in [0, 1]."""

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue (Rec. 601)."""
