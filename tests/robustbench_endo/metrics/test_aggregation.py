"""Sums over frames and the formulas of them."""

import numpy as np

from robustbench_endo.metrics.aggregation import (
    NUM_BINS,
    bin_of,
    calibration_error,
    divide,
    mean_of_present,
    ratio,
    values_and_counts,
)


def test_means_of_undefined_values_are_nan():
    assert ratio(values_and_counts(np.array([1.0, np.nan, 3.0, np.inf])).sum(0)) == 2
    assert np.isnan(ratio(values_and_counts(np.array([np.nan])).sum(0)))
    assert np.isnan(mean_of_present(np.full(3, np.nan)))
    np.testing.assert_array_equal(divide(np.array([1.0, 1.0]), np.array([0.0, 2.0])), [np.nan, 0.5])


def test_mean_of_present_along_axis():
    values = np.array([[1.0, np.nan], [3.0, np.nan]])
    np.testing.assert_array_equal(mean_of_present(values), [2, np.nan])
    np.testing.assert_array_equal(mean_of_present(values, -1), [1, 3])


def test_bin_of_is_open_below_and_closed_above():
    edges = np.arange(1, NUM_BINS + 1) / NUM_BINS
    np.testing.assert_array_equal(bin_of(edges - 1e-9), np.arange(NUM_BINS))
    np.testing.assert_array_equal(bin_of(edges + 1e-9), [*range(1, NUM_BINS), NUM_BINS - 1])
    assert bin_of(np.array([0.0, 1.0])).tolist() == [0, NUM_BINS - 1]


def test_calibration_error_weights_bins_by_their_predictions():
    sums = np.zeros((NUM_BINS + 1, 2))
    sums[[3, 14, -1], 0] = [2.0, -1.0, 10.0]
    np.testing.assert_allclose(calibration_error(sums), [0.3, np.nan])
