"""The estimator of smoke on synthetic pairs whose optical depth and airlight are known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from robustbench_endo.errors import DataError
from robustbench_endo.realism.smoke_statistics import (
    align_frame,
    cielab,
    measure_pair,
    pair_statistics,
    pooled_statistics,
    rise_structure,
    spectral_slope,
)

AIRLIGHT = np.array([0.97, 0.81, 0.91])
DEPTH = np.array([0.4, 0.48, 0.52])


@pytest.fixture(scope="module")
def clear() -> NDArray[np.uint8]:
    texture = gaussian_filter(np.random.default_rng(0).normal(size=(144, 192, 1)), (1.5, 1.5, 0))
    return np.clip(np.array([150, 80, 70]) + 120 * texture, 8, 240).astype(np.uint8)


def with_smoke(clear: NDArray[np.uint8], depth: NDArray[np.float64]) -> NDArray[np.uint8]:
    transmission = np.exp(-depth)
    return np.rint(clear * transmission + 255 * AIRLIGHT * (1 - transmission)).astype(np.uint8)


def test_pair_statistics_recovers_airlight_and_optical_depth(clear: NDArray[np.uint8]) -> None:
    statistics = pair_statistics(clear, with_smoke(clear, DEPTH), align=False)
    assert statistics.tiles == 48
    assert statistics.airlight == pytest.approx(AIRLIGHT, abs=0.01)
    assert statistics.tau_green_red == pytest.approx(1.2, abs=0.02)
    assert statistics.tau_blue_red == pytest.approx(1.3, abs=0.02)
    assert statistics.depth_mean == pytest.approx(DEPTH.mean(), abs=0.01)
    assert statistics.depth_p90 == pytest.approx(DEPTH.mean(), abs=0.02)


def test_pair_statistics_of_equal_frames_has_no_smoke(clear: NDArray[np.uint8]) -> None:
    statistics = pair_statistics(clear, clear, align=False)
    assert statistics.lightness_rise == statistics.rise_mean == statistics.depth_mean == 0
    assert np.isnan([*statistics.airlight, statistics.tau_green_red, statistics.a_per_lightness]).all()


def test_pair_statistics_excludes_tiles_of_other_structure_and_white_tiles(clear: NDArray[np.uint8]) -> None:
    smoky = with_smoke(clear, DEPTH)
    smoky[:24, :24] = smoky[-24:, -24:]
    smoky[48:72, 48:72] = 255
    assert pair_statistics(clear, smoky, align=False).tiles == 46


def test_pooled_statistics_weights_tiles_and_frames(clear: NDArray[np.uint8]) -> None:
    thin, dense = (measure_pair(clear, with_smoke(clear, DEPTH * factor), align=False) for factor in (1, 2))
    both, first, second = pooled_statistics([thin, dense]), pooled_statistics([thin]), pooled_statistics([dense])
    assert both.tiles == first.tiles + second.tiles
    assert both.lightness_rise == pytest.approx((first.lightness_rise + second.lightness_rise) / 2)
    assert first.depth_mean < both.depth_mean < second.depth_mean


def test_align_frame_undoes_a_shift_under_smoke(clear: NDArray[np.uint8]) -> None:
    pytest.importorskip("cv2", reason="the package opencv is not installed")
    smoky = with_smoke(np.roll(clear, 2, axis=1), DEPTH)
    inner = (slice(16, -16), slice(16, -16))
    error, before = (
        np.abs(frame[inner].astype(float) - np.roll(clear, 2, axis=1)[inner]).mean()
        for frame in (align_frame(clear, smoky), clear)
    )
    assert error < 0.3 * before


def test_cielab_of_primaries_matches_the_standard() -> None:
    red, grey = cielab(np.array([[[1.0, 0.0, 0.0], [0.5, 0.5, 0.5]]]))[0]
    assert red == pytest.approx([53.24, 80.09, 67.20], abs=0.02)
    assert grey == pytest.approx([53.39, 0.0, 0.0], abs=0.02)


def test_rise_structure_of_a_ramp_has_its_slope() -> None:
    ramp = np.tile(np.linspace(0, 1, 240), (160, 1))
    mean, variation, median, p95, _ = rise_structure(ramp)
    assert mean == pytest.approx(0.5, abs=1e-3)
    assert variation == pytest.approx(0.577, abs=0.01)
    assert median == pytest.approx(p95, rel=0.02) == pytest.approx(24 / 239, rel=0.02)


def test_spectral_slope_of_smoother_noise_is_steeper() -> None:
    noise = np.random.default_rng(0).normal(size=(128, 160))
    slopes = [spectral_slope(gaussian_filter(noise, sigma)) for sigma in (0, 4)]
    assert abs(slopes[0]) < 0.5
    assert slopes[1] < slopes[0] - 1


@pytest.mark.parametrize(
    ("clear", "smoky", "message"),
    [
        (np.zeros((96, 96, 3), np.float32), np.zeros((96, 96, 3), np.float32), "Expected a pair of uint8 RGB frames"),
        (np.zeros((96, 96, 3), np.uint8), np.zeros((96, 40, 3), np.uint8), "of at least 48 x 48 pixels"),
        (np.zeros((96, 96, 3), np.uint8), np.zeros((96, 98, 3), np.uint8), "Expected two frames of one size"),
    ],
)
def test_pair_statistics_refuses_other_frames(clear: NDArray, smoky: NDArray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        pair_statistics(clear, smoky)
