"""What an augmentation is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Augment = Callable[[NDArray[np.uint8], NDArray[np.uint8], int], tuple[NDArray[np.uint8], NDArray[np.uint8]]]
"""(image (H, W, 3), mask (H, W), seed) -> the same two, changed; a pure function of its arguments."""
