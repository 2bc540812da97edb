"""Conformal risk control (Angelopoulos et al., ICLR 2024): the smallest prediction sets that keep a promise on a loss.

A prediction set holds every label whose probability is at least a threshold, 1 - lambda. The loss of a unit (a patient,
or a frame) lies in [0, 1] and does not fall when the threshold rises. For n exchangeable units the expected loss of a
further one is at most alpha for the largest threshold with n / (n + 1) * mean loss + 1 / (n + 1) <= alpha. With the
loss "the label is not in the set" and frames as units this is split conformal prediction (LAC, Sadinle et al. 2019).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics.aggregation import Codes, Floats, divide

THRESHOLDS: NDArray[np.float32] = np.unique(
    np.append(0, 1 / (1 + np.exp(-np.linspace(-14, 14, 1401)))).astype(np.float32)
)
"""Thresholds on a probability, ascending, dense at both ends; at 0 a set holds every label. In the precision of
probabilities, so that comparisons with stored thresholds are those of the fit."""


class ConformalThreshold(NamedTuple):
    """A threshold and what it rests on.

    Attributes:
        threshold: of the probability of a label in a set.
        risk: mean loss of the units at the threshold.
        bound: of the expected loss of a further unit, at most alpha.
        units: number of units.
    """

    threshold: float
    risk: float
    bound: float
    units: int


def smallest_alpha(units: int) -> float:
    """The smallest alpha that so many units can promise: 1 / (n + 1).

    >>> smallest_alpha(9)
    0.1
    """
    return 1 / (units + 1)


def needed_units(alpha: float) -> int:
    """Units that a promise of alpha needs at least.

    >>> needed_units(0.1), needed_units(0.05)
    (9, 19)
    """
    return math.ceil(1 / alpha - 1 - 1e-9)


def check_promise(alpha: float, units: int, unit: str) -> None:
    """Raise RobustEndoError for an alpha that is no probability, or that so many units cannot promise."""
    if not 0 < alpha < 1:
        raise RobustEndoError(f"Expected alpha above 0 and below 1, got {alpha:g}: write 0.1 for 10 %.")
    if smallest_alpha(units) > alpha * (1 + 1e-12):
        least = smallest_alpha(units) if units else 1.0
        advice = "add subjects, or give --unit frame, which holds only for independent frames" * (unit == "subject")
        raise RobustEndoError(
            f"Expected at least {needed_units(alpha)} labelled {unit}s for the promise alpha {alpha:g}, got {units}, "
            f"which cannot promise less than {least:.3g}: raise --alpha, or {advice or 'add frames'}."
        )


def loss_curve(probability: NDArray[np.float32]) -> Floats:
    """Share of probabilities below each of :data:`THRESHOLDS`; NaN without any.

    Args:
        probability: of the true label, (n,); negative for a label that a set can never hold.
    """
    ranked = np.sort(probability)
    below = np.searchsorted(ranked, THRESHOLDS, side="left").astype(np.float64)
    return divide(below, np.asarray(len(ranked)))


def unit_losses(curves: Floats, units: Codes) -> Floats:
    """The mean loss curve of each unit, (units, thresholds), of frames with a defined one.

    Args:
        curves: of frames, (n, thresholds), NaN where a frame has no loss.
        units: of the frames, (n,).
    """
    defined = np.isfinite(curves).all(axis=1)
    names, codes = np.unique(units[defined], return_inverse=True)
    sums = np.zeros((len(names), curves.shape[1]))
    np.add.at(sums, codes, curves[defined])
    return divide(sums, np.bincount(codes, minlength=len(names))[:, None])


def conformal_threshold(
    losses: Floats, alpha: float, thresholds: Floats | NDArray[np.float32] = THRESHOLDS, unit: str = "subject"
) -> ConformalThreshold:
    """The largest threshold whose bound is at most alpha.

    Args:
        losses: of units at each threshold, (n, thresholds), in [0, 1], not falling with the threshold.
        alpha: bound of the expected loss, above 0 and below 1.
        thresholds: ascending.
        unit: for messages.

    Raises:
        RobustEndoError: too few units for alpha, or losses above it at every threshold.

    >>> losses = np.linspace(0, 1, 5)[None].repeat(19, 0)
    >>> conformal_threshold(losses, 0.3, np.linspace(0, 1, 5)).threshold
    0.25
    """
    units = len(losses)
    check_promise(alpha, units, unit)
    risk = losses.mean(axis=0)
    bound = (units * risk + 1) / (units + 1)
    allowed = np.flatnonzero(bound <= alpha * (1 + 1e-12))
    if not len(allowed):
        raise RobustEndoError(
            f"Expected a loss of at most {alpha:g} where sets hold every label, got {risk[0]:.3g}: too many frames "
            "have no valid prediction, or labels that the model does not have. Repair the model, or raise alpha."
        )
    best = int(allowed[-1])
    return ConformalThreshold(float(thresholds[best]), float(risk[best]), float(bound[best]), units)
