"""Tests of paired differences by flipping the signs of subjects, with intervals that agree with their p-values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import stdtr, stdtrit

from robustbench_endo.metrics.aggregation import Floats, divide

EXACT = 14
"""Subjects up to which all sign flips are enumerated: 2^13, because a flip of all signs changes nothing."""

_TIES = 1e-9
"""Statistics that differ by less are ties: they are sums of the same numbers in another order."""


@dataclass(frozen=True)
class SignFlipTest:
    """Tests of one or more hypotheses on the same subjects, arrays (m,).

    Attributes:
        mean: mean difference over subjects.
        low, high: interval of the mean, simultaneous over the hypotheses; it excludes 0 exactly where ``p`` is at most
            1 - confidence.
        p: two-sided, corrected for the number of hypotheses; NaN with fewer than two subjects.
        number: subjects with a difference.
        smallest: the smallest p-value that so many subjects can give.
    """

    mean: Floats
    low: Floats
    high: Floats
    p: Floats
    number: Floats
    smallest: float


@lru_cache(maxsize=4)
def sign_flips(number: int, resamples: int, seed: int) -> Floats:
    """Signs (flips, number), the first row all 1: all of them up to :data:`EXACT` subjects, else a random sample."""
    if number <= EXACT:
        bits = np.arange(2 ** max(number - 1, 0))[:, None] >> np.arange(number)
        return np.where(bits & 1, -1.0, 1.0)
    random = np.random.Generator(np.random.PCG64(seed))
    signs = random.integers(0, 2, size=(resamples, number)) * 2.0 - 1.0
    return np.concatenate((np.ones((1, number)), signs))


def sign_flip_test(
    differences: Floats,
    *,
    resamples: int = 10_000,
    seed: int = 0,
    confidence: float = 0.95,
    further_variance: Floats | None = None,
    further_freedom: Floats | None = None,
) -> SignFlipTest:
    """Test whether the mean differences of subjects are 0 (Fisher, 1935), corrected by the maximum statistic.

    If two models are exchangeable, the difference of each subject is as likely with the other sign. The p-value is the
    share of sign flips whose largest statistic over all hypotheses is at least that of the run (Westfall and Young,
    1993; a single step, so that there are simultaneous intervals). It is never below the one of Student's t for the
    hypothesis itself, so that a difference is significant only if both agree.

    Args:
        differences: of each subject, (n, m); NaN where a subject has none.
        resamples: random flips beyond :data:`EXACT` subjects.
        seed: of the random flips.
        confidence: of the intervals.
        further_variance: variance of the mean that subjects do not show, such as that between training seeds, (m,).
        further_freedom: its degrees of freedom, (m,).

    >>> test = sign_flip_test(np.array([[1.0], [2.0], [1.5], [0.5], [1.0], [3.0]]))
    >>> test.p.tolist(), test.low.item() > 0
    ([0.03125], True)
    """
    defined = np.isfinite(differences)
    number = defined.sum(0).astype(np.float64)
    values = np.where(defined, differences, 0.0)
    mean, squares = divide(values.sum(0), number), (values**2).sum(0)
    between = divide(squares - number * mean**2, number * (number - 1))
    between = np.where(between > _TIES * divide(squares, number * number), between, 0.0)
    variance = between + (0.0 if further_variance is None else np.nan_to_num(further_variance))
    freedom = _freedom(between, number - 1, further_variance, further_freedom)
    error = np.sqrt(variance)
    t = np.where(variance > 0, divide(np.abs(mean), error), np.where(mean == 0, 0.0, np.inf))
    t = np.where(number >= 2, t, np.nan)
    signs = sign_flips(len(differences), resamples, seed)
    largest = np.max(np.abs(signs @ values) / np.sqrt(np.where(squares > 0, squares, 1.0)), axis=1, initial=0.0)
    statistic = _from_t(t, number)
    p_flips = (largest[:, None] >= np.nan_to_num(statistic) - _TIES).mean(0)
    p = np.where(np.isnan(t), np.nan, np.maximum(p_flips, 2 * stdtr(freedom, -np.nan_to_num(t, posinf=1e300))))
    half = _critical(largest, number, freedom, confidence, len(mean)) * error
    low, high = mean - half, mean + half
    unclear = p > 1 - confidence
    low, high = np.where(unclear, np.minimum(low, 0), low), np.where(unclear, np.maximum(high, 0), high)
    low, high = (np.where(np.isnan(t), np.nan, end) for end in (low, high))
    return SignFlipTest(mean, low, high, p, number, 2.0 ** (1 - len(differences)))


def _freedom(between: Floats, freedom: Floats, further: Floats | None, further_freedom: Floats | None) -> Floats:
    """Degrees of freedom of a sum of variances (Welch, Biometrika 1947)."""
    freedom = np.maximum(freedom, 1)
    if further is None or further_freedom is None:
        return freedom
    other = np.nan_to_num(further)
    total = divide((between + other) ** 2, between**2 / freedom + other**2 / np.maximum(further_freedom, 1))
    return np.where(np.isnan(total), freedom, np.maximum(total, 1))


def _from_t(t: Floats, number: Floats) -> Floats:
    """|sum of signed differences| / root of the sum of squares, which grows with |t| and is at most sqrt(n)."""
    t = np.nan_to_num(np.minimum(t, 1e150))
    result: Floats = t * np.sqrt(number / np.maximum(number - 1 + t**2, 1e-300))
    return result


def _critical(largest: Floats, number: Floats, freedom: Floats, confidence: float, hypotheses: int) -> Floats:
    """Factor of the standard error: by the flips where they can reject, by Student's t (Sidak) otherwise."""
    ordered = np.sort(largest)[::-1]
    allowed = int(np.floor((1 - confidence) * len(ordered) + 1e-9))
    single = stdtrit(freedom, (1 + confidence) / 2)
    family = stdtrit(freedom, 1 - (1 - confidence ** (1 / max(hypotheses, 1))) / 2)
    if allowed < 1:
        return np.asarray(family)
    bound = ordered[min(allowed, len(ordered) - 1)]  # rejected are statistics above it
    inside = bound**2 < number - _TIES
    by_flips = bound * np.sqrt(np.maximum(number - 1, 1) / np.where(inside, number - bound**2, 1.0))
    factor: Floats = np.where(inside, np.maximum(by_flips, single), family)
    return factor
