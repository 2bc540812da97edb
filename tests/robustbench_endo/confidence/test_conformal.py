"""Conformal risk control: the promise on simulated data, equality with split conformal sets, and wrong arguments."""

import numpy as np
import pytest
from scipy.stats import binomtest

from robustbench_endo.confidence.conformal import (
    THRESHOLDS,
    conformal_threshold,
    loss_curve,
    needed_units,
    smallest_alpha,
    unit_losses,
)
from robustbench_endo.errors import RobustEndoError

GRID = np.linspace(0, 1, 201)


def thresholds_of(scores, alpha):
    """The threshold of each simulation: ``scores`` are probabilities of true labels, (simulations, units)."""
    losses = (scores[:, :, None] < GRID).astype(float)
    return np.array([conformal_threshold(each, alpha, GRID).threshold for each in losses])


@pytest.mark.parametrize(("units", "alpha"), [(19, 0.1), (50, 0.2)])
def test_coverage_of_labels_is_nominal_on_exchangeable_units(units, alpha):
    rng = np.random.default_rng(0)
    scores = rng.beta(4, 1, (2000, units + 1))
    covered = scores[:, -1] >= thresholds_of(scores[:, :-1], alpha)
    low, high = binomtest(int(covered.sum()), len(covered)).proportion_ci(0.999)
    assert high >= 1 - alpha  # the promise
    assert low <= 1 - alpha + 1 / (units + 1) + GRID[1]  # and not much more than promised


def test_expected_risk_is_at_most_alpha_for_graded_losses():
    """The loss of a patient is the mean over a random number of its correlated frames."""
    rng, alpha, units = np.random.default_rng(1), 0.15, 24
    risks = []
    for _ in range(400):
        effect = rng.normal(0, 1.0, units + 1)
        steepness = np.exp(effect)[:, None]
        losses = GRID**steepness * rng.uniform(0.2, 1, (units + 1, 1))
        best = conformal_threshold(losses[:-1], alpha, GRID)
        assert best.bound <= alpha
        risks.append(losses[-1, np.searchsorted(GRID, best.threshold)])
    error = np.std(risks) / np.sqrt(len(risks))
    assert np.mean(risks) <= alpha + 3 * error
    assert np.mean(risks) >= alpha - 1 / (units + 1) - 4 * error


def test_threshold_of_frames_equals_that_of_split_conformal_sets():
    scores = np.sort(np.random.default_rng(2).beta(3, 1, 99).astype(np.float32))
    curves = np.stack([loss_curve(scores[[i]]) for i in range(99)])
    best = conformal_threshold(curves, 0.1, unit="frame")
    # LAC: the k-th smallest score with k = floor(alpha (n + 1)).
    exact = scores[int(0.1 * 100) - 1]
    index = np.searchsorted(THRESHOLDS, np.float32(best.threshold))
    assert THRESHOLDS[index] <= exact < THRESHOLDS[index + 1]
    assert best.risk == pytest.approx((scores < best.threshold).mean())


def test_loss_curve_counts_probabilities_below_each_threshold():
    probability = np.array([0.2, 0.5, 0.5, 0.9, -1.0], np.float32)
    curve = loss_curve(probability)
    assert curve.tolist() == [(probability < threshold).mean() for threshold in THRESHOLDS]
    assert curve[0] == 0.2  # a label that the model lacks is in no set
    assert np.isnan(loss_curve(np.empty(0, np.float32))).all()


def test_unit_loss_is_the_mean_of_frames_with_a_loss():
    curves = np.array([[0.0, 1.0], [0.0, 0.0], [np.nan, np.nan], [0.0, 0.5]])
    assert unit_losses(curves, np.array([7, 7, 3, 9])).tolist() == [[0.0, 0.5], [0.0, 0.5]]


def test_thresholds_are_ascending_numbers_of_single_precision():
    assert THRESHOLDS.dtype == np.float32
    assert (np.diff(THRESHOLDS) > 0).all()
    assert THRESHOLDS[0] == 0
    assert THRESHOLDS[-1] < 1


@pytest.mark.parametrize(("alpha", "units"), [(0.1, 9), (0.05, 19), (0.5, 1), (1 / 3, 2)])
def test_fewest_units_of_a_promise(alpha, units):
    assert needed_units(alpha) == units
    assert smallest_alpha(units) <= alpha + 1e-12
    losses = np.zeros((units, 3))
    assert conformal_threshold(losses, alpha, np.arange(3.0)).threshold == 2
    with pytest.raises(RobustEndoError, match=f"Expected at least {units} labelled patients for the promise alpha"):
        conformal_threshold(losses[1:], alpha, np.arange(3.0), unit="patient")


@pytest.mark.parametrize("alpha", [0, 1, -0.1, 2, float("nan")])
def test_alpha_that_is_no_probability_is_refused(alpha):
    with pytest.raises(RobustEndoError, match="Expected alpha above 0 and below 1"):
        conformal_threshold(np.zeros((50, 2)), alpha, np.arange(2.0))


def test_losses_that_no_threshold_lowers_are_refused():
    with pytest.raises(RobustEndoError, match=r"Expected a loss of at most 0.2 where sets hold every label, got 0.5"):
        conformal_threshold(np.full((20, 2), 0.5), 0.2, np.arange(2.0))
