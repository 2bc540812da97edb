"""Putting one antialiased, labelled dot on the picture; the frame's coordinates."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Division by zero gives inf, as in numpy, without a branch at every one. No fastmath: the
# order of the roundings is part of what makes the pictures the same on every machine.
kernel = njit(cache=True, error_model="numpy")

Field = NDArray[np.float64]

Mask = NDArray[np.uint8]


@kernel
def window(x: float, y: float, reach: float, rows: int, columns: int) -> tuple[int, int, int, int]:
    """Pixel rows and columns (top, bottom, left, right; ends excluded) within ``reach`` units of (x, y)."""
    size = min(rows, columns)
    top, bottom = int((y - reach) * size + 0.5 * rows), int((y + reach) * size + 0.5 * rows) + 2
    left, right = int((x - reach) * size + 0.5 * columns), int((x + reach) * size + 0.5 * columns) + 2
    return max(top, 0), min(bottom, rows), max(left, 0), min(right, columns)


@kernel
def coverage(distance: float, unit: float) -> float:
    """Share of a pixel of width ``unit`` inside a shape whose signed distance (< 0 inside) is given at its centre."""
    return min(max(0.5 - distance / unit, 0.0), 1.0)


@kernel
def dab(
    rgb: Field, mask: Mask, i: int, j: int, alpha: float, red: float, green: float, blue: float, label: int
) -> None:
    """Blends a colour into pixel (i, j); the label changes where at least half of the pixel is covered."""
    rgb[i, j, 0] += alpha * (red - rgb[i, j, 0])
    rgb[i, j, 1] += alpha * (green - rgb[i, j, 1])
    rgb[i, j, 2] += alpha * (blue - rgb[i, j, 2])
    if alpha >= 0.5:
        mask[i, j] = label


CLASSES = ("background", "shaft", "wrist", "grasper", "scissors", "suction", "duct")
"""Index = mask label. Background is all tissue but the duct, and the black outside the content circle."""

BACKGROUND, SHAFT, WRIST, GRASPER, SCISSORS, SUCTION, DUCT = range(7)

ACTIVITIES = ("exposing", "grasping", "cutting")
"""Cutting: scissors have the duct between their blades. Grasping: else, a grasper holds it. Exposing: nothing does."""

EXPOSING, GRASPING, CUTTING = range(3)

SPLITS = ("train", "val", "test")

Purpose = Literal["patient", "scene", "sensor"]

_PURPOSES: tuple[Purpose, ...] = ("patient", "scene", "sensor")


def generator(seed: int, split: str, purpose: Purpose, index: int) -> np.random.Generator:
    """The stream of one ``purpose`` in one patient or frame; other keys give independent streams.

    Args:
        seed: of the data set, >= 0.
        split: one of :data:`SPLITS`.
        purpose: what the numbers are for, so that a change in one place leaves the others alone.
        index: of the patient or the frame, >= 0.
    """
    key = np.random.SeedSequence((seed, SPLITS.index(split), _PURPOSES.index(purpose), index))
    return np.random.Generator(np.random.Philox(key))


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """One uniform number in [low, high)."""
    return float(rng.uniform(low, high))
