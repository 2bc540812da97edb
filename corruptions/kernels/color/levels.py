"""Conversion between 8-bit images (B, H, W, 3) and values in [0, 1] (B, 3, H, W), one pass each."""

from __future__ import annotations

import numpy as np

from robustbench_endo.corruptions.kernels.backend import Bytes, Floats
from robustbench_endo.corruptions.kernels.compiled import njit

# Adding and subtracting 1.5 x 2^23 rounds a float32 to an integer, ties to even.
_ROUNDER = np.float32(1.5 * 2**23)


def from_bytes(images: Bytes) -> Floats:
    """uint8 (B, H, W, 3), any strides, as float32 (B, 3, H, W)."""
    count, height, width, _ = images.shape
    values = np.empty((count, 3, height, width), np.float32)
    _from_bytes(np.ascontiguousarray(images), values)
    return values


def to_bytes(values: Floats) -> Bytes:
    """float32 (B, 3, H, W) in [0, 1] as uint8 (B, H, W, 3): the nearest level, ties to even."""
    count, _, height, width = values.shape
    images = np.empty((count, height, width, 3), np.uint8)
    _to_bytes(values, images)
    return images


def to_levels(values: Floats) -> Bytes:
    """float32 in [0, 1] as uint8 of the same shape: the nearest level, ties to even."""
    levels = np.empty(values.shape, np.uint8)
    _to_levels(np.ascontiguousarray(values).reshape(-1), levels.reshape(-1))
    return levels


@njit(cache=True, nogil=True)
def _to_levels(values: Floats, levels: Bytes) -> None:
    values_to_levels(values, levels)


@njit(cache=True, nogil=True)
def _from_bytes(images: Bytes, values: Floats) -> None:
    row = np.empty((3, images.shape[2]), np.uint8)
    for b in range(images.shape[0]):
        for y in range(images.shape[1]):
            split_row(images[b, y].reshape(-1), row)
            for c in range(3):
                levels_to_values(row[c], values[b, c, y])


@njit(cache=True, nogil=True)
def _to_bytes(values: Floats, images: Bytes) -> None:
    row = np.empty((3, images.shape[2]), np.uint8)
    for b in range(images.shape[0]):
        for y in range(images.shape[1]):
            for c in range(3):
                values_to_levels(values[b, c, y], row[c])
            merge_row(row, images[b, y].reshape(-1))


# Four short loops: each is vectorised, which one loop over pixels and channels is not.


@njit(cache=True, nogil=True)
def split_row(pixels: Bytes, row: Bytes) -> None:
    """The channels (3, W) of a row of contiguous pixels (3 W,)."""
    red, green, blue = row[0], row[1], row[2]
    for x in range(len(red)):
        red[x] = pixels[3 * x]
        green[x] = pixels[3 * x + 1]
        blue[x] = pixels[3 * x + 2]


@njit(cache=True, nogil=True)
def merge_row(row: Bytes, pixels: Bytes) -> None:
    """Inverse of :func:`split_row`."""
    red, green, blue = row[0], row[1], row[2]
    for x in range(len(red)):
        pixels[3 * x] = red[x]
        pixels[3 * x + 1] = green[x]
        pixels[3 * x + 2] = blue[x]


@njit(cache=True, nogil=True)
def levels_to_values(levels: Bytes, values: Floats) -> None:
    """Levels as values in [0, 1]."""
    for x in range(len(levels)):
        values[x] = np.float32(levels[x]) / np.float32(255)


@njit(cache=True, nogil=True)
def values_to_levels(values: Floats, levels: Bytes) -> None:
    """Values in [0, 1] as the nearest levels, ties to even."""
    for x in range(len(levels)):
        levels[x] = np.uint8(np.int32(values[x] * np.float32(255) + _ROUNDER - _ROUNDER))
