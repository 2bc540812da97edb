"""Temperature scaling recovers the temperature of simulated logits."""

import numpy as np
import pytest
from scipy.special import softmax

from robustbench_endo.confidence.temperature import RANGE, fit_temperature, negative_log_likelihood
from robustbench_endo.errors import RobustEndoError


def simulate(temperature, frames=20_000, labels=4):
    """Logits that are too large by a factor, and targets that follow the right probabilities."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (frames, labels))
    cumulated = softmax(logits, axis=1).cumsum(1)
    targets = (rng.random((frames, 1)) > cumulated).sum(1).clip(0, labels - 1)
    return logits * temperature, targets


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_fit_recovers_a_known_temperature(temperature):
    logits, targets = simulate(temperature)
    fit = fit_temperature(logits, targets)
    assert fit.temperature == pytest.approx(temperature, rel=0.03)
    assert fit.nll_after <= fit.nll_before
    assert fit.ece_after < 0.01
    if temperature != 1:
        assert fit.ece_after < fit.ece_before / 5


def test_fit_is_a_minimum_of_the_likelihood():
    logits, targets = simulate(2.0, 2_000)
    fit = fit_temperature(logits, targets)
    for factor in (0.99, 1.01):
        assert negative_log_likelihood(logits, targets, fit.temperature * factor) > fit.nll_after


def test_predictions_that_are_all_correct_keep_their_logits():
    logits = np.eye(3) * 5
    assert fit_temperature(logits, np.arange(3)).temperature == 1


def test_temperature_stays_in_its_range():
    logits, targets = np.array([[9.0, 0.0]] * 10), np.ones(10, int)
    assert fit_temperature(logits, targets).temperature == pytest.approx(RANGE[1], rel=1e-3)


def test_fit_without_labels_is_refused():
    with pytest.raises(RobustEndoError, match="Expected labelled predictions to fit a temperature, got none"):
        fit_temperature(np.empty((0, 3)), np.empty(0, int))
