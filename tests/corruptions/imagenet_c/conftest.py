"""An image without random numbers."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

SIDE = 256


def create_tiles() -> NDArray[np.uint8]:
    """Tiles of three sizes under fine grain, uint8 (256, 256, 3)."""
    y, x = np.mgrid[:SIDE, :SIDE]
    channels = []
    for channel in range(3):
        side = 5 + 2 * channel
        shades = mix(x // side + 64 * (y // side) + channel) % 90
        channels.append(60 + shades + mix(x + SIDE * y + 7 * channel) % 40)
    return np.stack(channels, axis=-1).astype(np.uint8)


def mix(number: NDArray[np.int64]) -> NDArray[np.int64]:
    """Scattered non-negative integers from consecutive ones (multiplicative hashing, twice)."""
    once = (number + 1) * 2654435761 % 2**32
    return (once ^ (once >> 15)) * 2246822519 % 2**32 >> 16


@pytest.fixture(scope="session")
def tiles() -> NDArray[np.uint8]:
    """See :func:`create_tiles`."""
    return create_tiles()
