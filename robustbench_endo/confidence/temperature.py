"""Temperature scaling (Guo et al., ICML 2017): logits are divided by the number that minimises their NLL."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics.aggregation import NUM_BINS, Codes, Floats, bin_of, calibration_error

RANGE = (0.05, 20.0)
"""Of temperatures."""


class Temperature(NamedTuple):
    """A temperature and what it changes.

    Attributes:
        temperature: logits are divided by it; above 1 the model was too confident.
        nll_before, nll_after: mean negative log-likelihood, nats.
        ece_before, ece_after: expected calibration error, a fraction, 15 bins of equal width.
    """

    temperature: float
    nll_before: float
    nll_after: float
    ece_before: float
    ece_after: float


def fit_temperature(logits: NDArray[np.float32] | Floats, targets: Codes) -> Temperature:
    """The temperature of least negative log-likelihood, within :data:`RANGE`.

    It is 1 where all predictions are correct: their likelihood rises for ever as the temperature falls.

    Args:
        logits: finite, (n, labels).
        targets: label of each, below the number of labels, (n,).

    Raises:
        RobustEndoError: no labelled prediction.

    >>> logits, targets = np.array([[4.0, 0.0]] * 4), np.array([0, 0, 0, 1])
    >>> fit = fit_temperature(logits, targets)  # three of four are correct: log(3) is the best difference
    >>> round(fit.temperature, 3), round(4 / math.log(3), 3)
    (3.641, 3.641)
    """
    if not len(targets):
        raise RobustEndoError(
            "Expected labelled predictions to fit a temperature, got none: give validation data with labels that the "
            "model has."
        )
    logits = np.asarray(logits, np.float64)
    bounds = (math.log(RANGE[0]), math.log(RANGE[1]))
    # The NLL is convex in 1 / T, so that it has one minimum in log(T), too.
    optimum = minimize_scalar(
        lambda exponent: negative_log_likelihood(logits, targets, math.exp(exponent)), bounds=bounds, method="bounded",
        options={"xatol": 1e-6},
    )  # fmt: skip
    temperature = float(np.float32(math.exp(optimum.x)))
    nll = [negative_log_likelihood(logits, targets, each) for each in (1.0, temperature)]
    if nll[1] >= nll[0] or (logits.argmax(1) == targets).all():
        temperature, nll[1] = 1.0, nll[0]
    ece = [_calibration_error(logits, targets, each) for each in (1.0, temperature)]
    return Temperature(temperature, nll[0], nll[1], ece[0], ece[1])


def negative_log_likelihood(logits: Floats, targets: Codes, temperature: float) -> float:
    """Mean negative log-likelihood of the targets at a temperature, nats."""
    log_probability = log_softmax(logits / temperature, axis=1)
    return float(-log_probability[np.arange(len(targets)), targets].mean())


def _calibration_error(logits: Floats, targets: Codes, temperature: float) -> float:
    probability = np.exp(log_softmax(logits / temperature, axis=1))
    confidence, correct = probability.max(1), probability.argmax(1) == targets
    sums = np.bincount(bin_of(confidence), correct - confidence, NUM_BINS)
    return float(calibration_error(np.append(sums, float(len(targets)))))
