"""Selective prediction: risk by coverage when the least confident frames are referred to a person.

Frames are accepted in the order of their confidence. The risk at a coverage is the mean loss of the accepted frames, a
loss being 1 for a failure and 0 else, or any number from 0 to 1 (1 - Dice). Frames of equal confidence are in no order:
the areas and the risk at a coverage are expected values over all orders of them, which are those of the mean loss of
the tied frames, because every risk is linear in the losses. A coverage at a risk can only be had with a threshold on
the confidence, which accepts all tied frames or none.

The conventions are those of torch-uncertainty 0.13: an area is the trapezoidal one over coverages 1/n to 1, divided by
its width. Where no coverage has the risk, the coverage is 0 here and NaN there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.metrics.aggregation import Codes, Floats, divide

MAX_RISK, COVERAGE = 0.05, 0.8
"""The risk of the coverage at a risk, and the coverage of the risk at a coverage."""

MEASURES = ("aurc", "augrc", "excess_aurc", "coverage_at_5_risk", "risk_at_80_coverage", "auroc_failures")
"""Of :func:`measure`, in order, fractions."""

_ROUNDING = 1e-12
_BLOCK = 1 << 20
"""Numbers of an array at a time."""


@dataclass(frozen=True)
class RankedFrames:
    """Frames in descending order of confidence.

    Attributes:
        loss: of each frame, in [0, 1].
        starts: position of the first frame of each group of equal confidence.
        order: index of each frame before it was ranked.
    """

    loss: Floats
    starts: Codes
    order: Codes

    @classmethod
    def of(cls, confidence: Floats, loss: Floats) -> RankedFrames:
        """Rank frames.

        Args:
            confidence: larger is more confident; -inf for frames that are accepted last. (n,).
            loss: in [0, 1], (n,).
        """
        order = np.argsort(-confidence, kind="stable")
        ranked = confidence[order]
        first = np.concatenate((np.ones(min(1, len(ranked)), bool), ranked[1:] != ranked[:-1]))
        return cls(loss[order], np.flatnonzero(first), order)

    def spread(self, groups: Floats) -> Floats:
        """A value per group (..., groups) as one per frame (..., n)."""
        sizes = np.diff(np.append(self.starts, len(self.loss)))
        return np.repeat(groups, sizes, axis=-1)


def risk_coverage_curve(confidence: Floats, loss: Floats) -> tuple[Floats, Floats]:
    """Coverage and risk, fractions, at each number of accepted frames, both (n,).

    >>> coverage, risk = risk_coverage_curve(np.array([0.9, 0.8, 0.8, 0.3]), np.array([0.0, 1.0, 0.0, 1.0]))
    >>> coverage.tolist(), risk.round(3).tolist()
    ([0.25, 0.5, 0.75, 1.0], [0.0, 0.25, 0.333, 0.5])
    """
    frames = RankedFrames.of(confidence, loss)
    accepted = np.arange(1, len(loss) + 1)
    expected = _expected_losses(frames, np.ones((1, len(loss))))[0]
    return accepted / max(1, len(loss)), np.cumsum(expected) / accepted


def measure(confidence: Floats, loss: Floats, units: Codes | None = None, number: int = 0) -> Floats:
    """The :data:`MEASURES` of frames, and of the frames without each unit.

    Args:
        confidence: larger is more confident, -inf for frames that are accepted last, (n,).
        loss: in [0, 1], (n,); the AUROC is defined where each is 0 or 1.
        units: unit of each frame, (n,); None for none.
        number: of units.

    Returns:
        (1 + number, measures), all frames first; NaN with fewer than two frames, or without both failures and
        successes for the AUROC.

    >>> measure(np.array([0.9, 0.8, 0.7, 0.6]), np.array([0.0, 0.0, 1.0, 0.0])).round(3).tolist()
    [[0.153, 0.125, 0.111, 0.5, 0.25, 0.667]]
    """
    frames = RankedFrames.of(confidence, loss)
    ideal = RankedFrames.of(-loss, loss)
    ranked = None if units is None else units[frames.order]
    before = None if units is None else units[ideal.order]
    rows = np.arange(-1, number)
    step = max(1, _BLOCK // max(1, len(loss)))
    blocks = [rows[start : start + step] for start in range(0, len(rows), step)]
    tables = []
    for block in blocks:
        weights, ideal_weights = (_weights(block, each, len(loss)) for each in (ranked, before))
        tables.append(_block(frames, ideal, weights, ideal_weights))
    return np.concatenate(tables)


def auroc(confidence: Floats, positive: NDArray[np.bool_], units: Codes | None = None, number: int = 0) -> Floats:
    """Probability that a frame that is not positive has the larger confidence, ties as 1/2: (1 + number,).

    Args:
        confidence: (n,).
        positive: such as failed or corrupted, (n,).
        units, number: as in :func:`measure`.

    >>> auroc(np.array([0.9, 0.5, 0.5]), np.array([False, False, True])).item()
    0.75
    """
    frames = RankedFrames.of(confidence, positive.astype(np.float64))
    ranked = None if units is None else units[frames.order]
    return _auroc(frames, _weights(np.arange(-1, number), ranked, len(positive)))


def _weights(left_out: Codes, units: Codes | None, frames: int) -> Floats:
    """1 for each frame but those of the unit of a row; -1 leaves none out."""
    if units is None:
        return np.ones((len(left_out), frames))
    weights: Floats = (units[None] != left_out[:, None]).astype(np.float64)
    return weights


def _expected_losses(frames: RankedFrames, weights: Floats) -> Floats:
    """The loss of each frame over all orders of tied ones, 0 for frames without weight, (R, n)."""
    if not len(frames.loss):
        return weights
    losses = weights * frames.loss
    if len(frames.starts) == len(frames.loss):
        return losses
    means = divide(*(np.add.reduceat(each, frames.starts, axis=1) for each in (losses, weights)))
    return weights * frames.spread(np.nan_to_num(means))


def _block(frames: RankedFrames, ideal: RankedFrames, weights: Floats, ideal_weights: Floats) -> Floats:
    """:func:`measure` for some rows of weights, (R, n)."""
    count = weights.sum(1)
    total, accepted = np.cumsum(_expected_losses(frames, weights), 1), np.cumsum(weights, 1)
    risk = divide(total, accepted)
    area = _area(risk, weights, accepted, count)
    best_total, best_accepted = np.cumsum(ideal_weights * ideal.loss, 1), np.cumsum(ideal_weights, 1)
    best = _area(divide(best_total, best_accepted), ideal_weights, best_accepted, count)
    generalised = _area(total / np.maximum(count, 1)[:, None], weights, accepted, count)
    required = np.ceil(COVERAGE * count - _ROUNDING)
    at_coverage = np.where((accepted == required[:, None]) & (weights > 0), risk, 0.0).sum(1)
    binary = bool(np.isin(frames.loss, (0.0, 1.0)).all())
    values = [area, generalised, np.maximum(area - best, 0), _coverage(frames, risk, accepted, count), at_coverage]
    values.append(_auroc(frames, weights) if binary else np.full(len(weights), np.nan))
    table = np.stack(values, axis=1)
    return np.where(count[:, None] >= 2, table, np.nan)


def _area(values: Floats, weights: Floats, accepted: Floats, count: Floats) -> Floats:
    """The trapezoidal area under values at 1 to n accepted frames, divided by n - 1."""
    present = weights > 0
    ends = present & ((accepted == 1) | (accepted == count[:, None]))
    halves = np.where(present, values, 0.0).sum(1) - np.where(ends, values, 0.0).sum(1) / 2
    return divide(halves, count - 1)


def _coverage(frames: RankedFrames, risk: Floats, accepted: Floats, count: Floats) -> Floats:
    """The largest coverage that a threshold on the confidence reaches with at most the risk; 0 without any."""
    if not len(frames.loss):
        return np.full(len(risk), math.nan)
    last = np.append(frames.starts[1:], len(frames.loss)) - 1
    allowed = risk[:, last] <= MAX_RISK + _ROUNDING
    return divide(np.where(allowed, accepted[:, last], 0.0).max(1), count)


def _auroc(frames: RankedFrames, weights: Floats) -> Floats:
    if not len(frames.loss):
        return np.full(len(weights), math.nan)
    positive, every = (np.add.reduceat(each, frames.starts, axis=1) for each in (weights * frames.loss, weights))
    negative = every - positive
    above = np.cumsum(negative, axis=1) - negative / 2
    return divide((positive * above).sum(1), positive.sum(1) * negative.sum(1))
