from __future__ import annotations

import math

import numpy as np

from robustbench_endo.corruptions.kernels.content_area.fit import fit_area, may_have_surround


def test_may_have_surround_needs_two_black_corners():
    frame = np.full((40, 50, 3), 90, np.uint8)
    assert not may_have_surround(frame)
    frame[:5, :5] = 10
    assert not may_have_surround(frame)
    frame[-5:, -5:] = 10
    assert may_have_surround(frame)


def test_fit_area_gives_exact_bars():
    frame = np.full((64, 80, 3), 90, np.uint8)
    frame[:, :10] = 0
    frame[60:] = 16
    shape = fit_area(frame)
    assert shape is not None
    assert shape[:4] == (10, -math.inf, math.inf, 60)


def test_fit_area_fits_small_frames():
    frame = np.random.default_rng(0).integers(90, 200, (40, 52, 3), np.uint8)
    frame[:, :8] = 0
    shape = fit_area(frame)
    assert shape is not None
    assert shape[0] == 8
