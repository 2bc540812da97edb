"""The JPEG round trip of one 8-bit frame, compiled: the pixels of libjpeg-turbo and of the torch form in :mod:`.codec`.

Blocks are coded in strips of 8 rows. The chroma comes first: a row of pixels needs that of the next strip.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.corruptions.kernels.backend import Bytes, Floats, Indices32
from robustbench_endo.corruptions.kernels.color.levels import merge_row, split_row
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.jpeg.block_transform import BLOCKS, code_strip

Levels = NDArray[np.int16]

_ROUND, _ROUND_CHROMA, _BITS = np.int32(1 << 15), np.int32((1 << 15) - 1), np.int32(16)


@njit(cache=True, nogil=True)
def code_frame(frame: Bytes, luma_steps: Floats, chroma_steps: Floats) -> Bytes:
    """Compress and decompress a frame with 4:2:0 chroma.

    Args:
        frame: contiguous uint8 (H, W, 3).
        luma_steps: (1024,), quantiser steps, see :func:`.block_transform.group_steps`.
        chroma_steps: (1024,), the same for the chroma.

    Returns:
        uint8 (H, W, 3).
    """
    height, width = frame.shape[:2]
    chroma = _code_chroma(frame, chroma_steps)
    out = np.empty_like(frame)
    levels, strip = np.empty((3, width), np.uint8), np.empty((8, _padded(width)), np.int32)
    group, sums = np.empty(64 * BLOCKS, np.int32), np.empty(chroma.shape[2] + 2, np.int32)
    differences = np.empty((2, 2 * chroma.shape[2]), np.int32)
    for first in range(0, height, 8):
        for i in range(8):
            if first + i < height:
                split_row(frame[first + i].reshape(-1), levels)
                _to_luma(levels, strip[i])
            else:
                strip[i] = strip[i - 1]
        code_strip(strip, luma_steps, group)
        for y in range(first, min(first + 8, height)):
            for c in range(2):
                _upsample(chroma[c], y, sums, differences[c])
            _to_levels(strip[y - first], differences[0], differences[1], levels)
            merge_row(levels, out[y].reshape(-1))
    return out


@njit(cache=True, nogil=True)
def _code_chroma(frame: Bytes, steps: Floats) -> Levels:
    """Convert, subsample, compress and decompress the chroma: int16 (2, H / 2, W / 2), rounded up."""
    height, width = frame.shape[:2]
    rows, columns = (height + 1) // 2, (width + 1) // 2
    chroma = np.empty((2, rows, columns), np.int16)
    strips = np.empty((2, 8, _padded(columns)), np.int32)
    levels, pair = np.empty((3, width), np.uint8), np.empty((2, 2, 2 * strips.shape[2]), np.int32)
    group = np.empty(64 * BLOCKS, np.int32)
    for first in range(0, rows, 8):
        for i in range(8):
            y = 2 * (first + i)
            if y >= height:
                strips[:, i] = strips[:, i - 1]
                continue
            for k in range(2):
                if y + k < height:
                    split_row(frame[y + k].reshape(-1), levels)
                    _to_chroma(levels, pair[k])
                else:
                    pair[1] = pair[0]
            for c in range(2):
                _subsample(pair[0, c], pair[1, c], strips[c, i])
        for c in range(2):
            code_strip(strips[c], steps, group)
            for i in range(min(8, rows - first)):
                target, source = chroma[c, first + i], strips[c, i]
                for x in range(columns):
                    target[x] = source[x]
    return chroma


@njit(cache=True, nogil=True)
def _padded(width: int) -> int:
    return -(-width // (8 * BLOCKS)) * 8 * BLOCKS


@njit(cache=True, nogil=True)
def _to_luma(levels: Bytes, luma: Indices32) -> None:
    red, green, blue = levels[0], levels[1], levels[2]
    for x in range(len(red)):
        r, g, b = np.int32(red[x]), np.int32(green[x]), np.int32(blue[x])
        total = np.int32(np.int32(19595) * r + np.int32(38470) * g + np.int32(7471) * b + _ROUND)
        luma[x] = (total >> _BITS) - np.int32(128)
    luma[len(red) :] = luma[len(red) - 1]


@njit(cache=True, nogil=True)
def _to_chroma(levels: Bytes, chroma: Indices32) -> None:
    red, green, blue = levels[0], levels[1], levels[2]
    to_blue, to_red = chroma[0], chroma[1]
    for x in range(len(red)):
        r, g, b = np.int32(red[x]), np.int32(green[x]), np.int32(blue[x])
        to_blue[x] = np.int32(_ROUND * b - np.int32(11059) * r - np.int32(21709) * g + _ROUND_CHROMA) >> _BITS
    for x in range(len(red)):
        r, g, b = np.int32(red[x]), np.int32(green[x]), np.int32(blue[x])
        to_red[x] = np.int32(_ROUND * r - np.int32(27439) * g - np.int32(5329) * b + _ROUND_CHROMA) >> _BITS
    for c in range(2):
        chroma[c, len(red) :] = chroma[c, len(red) - 1]


@njit(cache=True, nogil=True)
def _subsample(upper: Indices32, lower: Indices32, target: Indices32) -> None:
    """Means of 2 x 2; halves are rounded down and up alternately along a row."""
    for x in range(len(target)):
        total = upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1]
        target[x] = np.int32(total + np.int32(1) + np.int32(x & 1)) >> np.int32(2)


@njit(cache=True, nogil=True)
def _upsample(chroma: Levels, y: int, sums: Indices32, row: Indices32) -> None:
    """Along both axes three quarters of the nearer sample and a quarter of the farther one; the edge is repeated."""
    near, columns = y // 2, chroma.shape[1]
    far = max(near - 1, 0) if y % 2 == 0 else min(near + 1, len(chroma) - 1)
    upper, lower, middle, right = chroma[near], chroma[far], sums[1:], sums[2:]
    for x in range(columns):
        middle[x] = np.int32(np.int32(3) * np.int32(upper[x]) + np.int32(lower[x]))
    sums[0], sums[columns + 1] = sums[1], sums[columns]
    for x in range(columns):
        row[2 * x] = np.int32(np.int32(3) * middle[x] + sums[x] + np.int32(8)) >> np.int32(4)
        row[2 * x + 1] = np.int32(np.int32(3) * middle[x] + right[x] + np.int32(7)) >> np.int32(4)


@njit(cache=True, nogil=True)
def _to_levels(luma: Indices32, to_blue: Indices32, to_red: Indices32, levels: Bytes) -> None:
    red, green, blue = levels[0], levels[1], levels[2]
    for x in range(len(red)):
        red[x] = _level(luma[x], np.int32(np.int32(91881) * to_red[x] + _ROUND))
    for x in range(len(red)):
        green[x] = _level(luma[x], np.int32(_ROUND - np.int32(22554) * to_blue[x] - np.int32(46802) * to_red[x]))
    for x in range(len(red)):
        blue[x] = _level(luma[x], np.int32(np.int32(116130) * to_blue[x] + _ROUND))


@njit(cache=True, nogil=True, inline="always")
def _level(luma: np.int32, difference: np.int32) -> np.uint8:
    value = np.int32(luma + (difference >> _BITS) + np.int32(128))
    return np.uint8(min(max(value, np.int32(0)), np.int32(255)))
