"""Filling and restoring the pixels of a surround on the CPU, one pass over these pixels only."""

from __future__ import annotations

from typing import Any

import numpy as np

from robustbench_endo.corruptions.kernels.compiled import njit


@njit(cache=True, nogil=True)
def copy_pixels(values: Any, pixels: Any, sources: Any) -> None:
    """``values`` (C, N) at ``pixels`` become those at ``sources``."""
    for c in range(values.shape[0]):
        for i in range(len(pixels)):
            values[c, pixels[i]] = values[c, sources[i]]


@njit(cache=True, nogil=True)
def fade_in(values: Any, original: Any, filled: Any, pixels: Any, inside: Any) -> None:
    """``values`` (C, N) at ``pixels`` become ``original`` + ``inside`` (``values`` - ``filled``), clamped to [0, 1]."""
    for c in range(values.shape[0]):
        for i in range(len(pixels)):
            p = pixels[i]
            change = inside[i] * (values[c, p] - filled[c, p])
            values[c, p] = min(max(original[c, p] + change, np.float32(0)), np.float32(1))


@njit(cache=True, nogil=True)
def copy_levels(levels: Any, pixels: Any, sources: Any) -> None:
    """:func:`copy_pixels` of levels (N, 3)."""
    for i in range(len(pixels)):
        p, s = pixels[i], sources[i]
        levels[p, 0], levels[p, 1], levels[p, 2] = levels[s, 0], levels[s, 1], levels[s, 2]


@njit(cache=True, nogil=True)
def fade_in_levels(levels: Any, original: Any, filled: Any, pixels: Any, inside: Any) -> None:
    """:func:`fade_in` of levels (N, 3), rounded, ties to even."""
    for i in range(len(pixels)):
        p = pixels[i]
        for c in range(3):
            if inside[i] > 0:
                change = inside[i] * (np.float32(levels[p, c]) - np.float32(filled[p, c]))
                levels[p, c] = np.uint8(min(max(np.rint(np.float32(original[p, c]) + change), 0.0), 255.0))
            else:
                levels[p, c] = original[p, c]
