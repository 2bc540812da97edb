"""Filling and restoring pixels: the compiled loops against indexing."""

from __future__ import annotations

import numpy as np

from robustbench_endo.corruptions.kernels.content_area.exchange import (
    copy_levels,
    copy_pixels,
    fade_in,
    fade_in_levels,
)

RANDOM = np.random.default_rng(0)
PIXELS, SOURCES = np.array([0, 3, 4]), np.array([7, 1, 7])
INSIDE = np.array([0.0, 0.25, 0.75], np.float32)


def test_copy_pixels_copies_values_and_levels() -> None:
    values = RANDOM.random((3, 9), np.float32)
    expected = values.copy()
    expected[:, PIXELS] = values[:, SOURCES]
    levels = (values.T * 255).astype(np.uint8)
    copied = levels.copy()
    copied[PIXELS] = levels[SOURCES]
    copy_pixels(values, PIXELS, SOURCES)
    copy_levels(levels, PIXELS, SOURCES)
    assert np.array_equal(values, expected)
    assert np.array_equal(levels, copied)


def test_fade_in_adds_the_share_of_the_change() -> None:
    original, filled, values = RANDOM.random((3, 3, 9), np.float32)
    expected = values.copy()
    expected[:, PIXELS] = np.clip(original[:, PIXELS] + INSIDE * (values - filled)[:, PIXELS], 0, 1)
    fade_in(values, original, filled, PIXELS, INSIDE)
    assert np.allclose(values, expected, atol=1e-7)


def test_fade_in_levels_rounds_and_clips() -> None:
    original, filled, levels = RANDOM.integers(0, 256, (3, 9, 3)).astype(np.uint8)
    expected = levels.copy()
    change = INSIDE[:, None] * (levels[PIXELS].astype(np.float32) - filled[PIXELS])
    expected[PIXELS] = np.clip(np.rint(original[PIXELS] + change), 0, 255)
    fade_in_levels(levels, original, filled, PIXELS, INSIDE)
    assert np.array_equal(levels, expected)
