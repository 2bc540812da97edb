"""Conversion between 8-bit images (B, H, W, 3) and values in [0, 1] (B, 3, H, W), one pass each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from robustbench_endo.corruptions.kernels.backend import Bytes, Floats

_LEVELS = np.arange(256, dtype=np.float32) / np.float32(255)
# Adding and subtracting 1.5 x 2^23 rounds a float32 to an integer, ties to even.
_ROUNDER = np.float32(1.5 * 2**23)


def from_bytes(images: Bytes) -> Floats:
    """uint8 (B, H, W, 3), any strides, as float32 (B, 3, H, W)."""
    count, height, width, _ = images.shape
    values = np.empty((count, 3, height, width), np.float32)
    _from_bytes(images, _LEVELS, values)
    return values


def to_bytes(values: Floats) -> Bytes:
    """float32 (B, 3, H, W) in [0, 1] as uint8 (B, H, W, 3): the nearest level, ties to even."""
    count, _, height, width = values.shape
    images = np.empty((count, height, width, 3), np.uint8)
    _to_bytes(values, images)
    return images


@njit(cache=True, nogil=True)
def _from_bytes(images: Any, levels: Any, values: Any) -> None:
    for b in range(values.shape[0]):
        for y in range(values.shape[2]):
            for x in range(values.shape[3]):
                values[b, 0, y, x] = levels[images[b, y, x, 0]]
                values[b, 1, y, x] = levels[images[b, y, x, 1]]
                values[b, 2, y, x] = levels[images[b, y, x, 2]]


@njit(cache=True, nogil=True)
def _to_bytes(values: Any, images: Any) -> None:
    # Each channel of a row is rounded before the row is interleaved: the first loop is then vectorised.
    row = np.empty((3, values.shape[3]), np.uint8)
    for b in range(values.shape[0]):
        for y in range(values.shape[2]):
            for c in range(3):
                for x in range(values.shape[3]):
                    row[c, x] = np.uint8(np.int32(values[b, c, y, x] * np.float32(255) + _ROUNDER - _ROUNDER))
            for x in range(values.shape[3]):
                images[b, y, x, 0] = row[0, x]
                images[b, y, x, 1] = row[1, x]
                images[b, y, x, 2] = row[2, x]
