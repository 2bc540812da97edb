"""Bootstrap settings, the resampled units, and intervals and p-values from resampled values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.metrics.aggregation import Codes, Floats, divide, mean_of_present

MIN_SUBJECTS = 10
"""Below it the intervals of resampled subjects are visibly too narrow (docs/statistics.md has the measured
coverage)."""


@dataclass(frozen=True)
class Bootstrap:
    """Settings of a bootstrap (Efron, Annals of Statistics 1979; clusters: Field and Welsh, JRSS B 2007).

    Attributes:
        resamples: number of resamples, at least 200.
        confidence: confidence level of the intervals, 0.5 to below 1.
        seed: random seed; the same seed gives the same intervals.
        unit: ``subject`` (patient, sequence), ``frame``, or ``auto``: subjects where there are at least
            :data:`MIN_SUBJECTS`, else frames with a warning.

    Raises:
        RobustEndoError: a setting outside its range.
    """

    resamples: int = 10_000
    confidence: float = 0.95
    seed: int = 0
    unit: Literal["auto", "subject", "frame"] = "auto"

    def __post_init__(self) -> None:
        if self.resamples < 200:
            raise RobustEndoError(
                f"Expected at least 200 resamples, got {self.resamples}: fewer cannot show the ends of an interval."
            )
        if not 0.5 <= self.confidence < 1:
            raise RobustEndoError(
                f"Expected a confidence level from 0.5 to below 1, got {self.confidence}: write 0.95 for 95 %."
            )
        if self.seed < 0:
            raise RobustEndoError(f"Expected a seed of at least 0, got {self.seed}: any whole number will do.")
        if self.unit not in ("auto", "subject", "frame"):
            raise RobustEndoError(f"Expected auto, subject or frame as the unit of resampling, got {self.unit!r}.")


@dataclass(frozen=True)
class ResamplingUnits:
    """The units that are resampled.

    Attributes:
        codes: unit of each record, (n,), below ``number``.
        number: number of units.
        kind: ``subject`` or ``frame``.
        statement: unit, number and settings in one sentence, shown with every interval.
        warning: why the intervals have to be interpreted with caution; empty without a reason.
    """

    codes: Codes
    number: int
    kind: Literal["subject", "frame"]
    statement: str
    warning: str

    def weights(self, bootstrap: Bootstrap) -> Floats:
        """How often each resample, drawn with replacement, contains each unit, (resamples, number)."""
        random = np.random.Generator(np.random.PCG64(bootstrap.seed))
        probability = np.full(self.number, 1 / self.number)
        return random.multinomial(self.number, probability, size=bootstrap.resamples).astype(np.float64)


def resampling_units(frame: pd.DataFrame, bootstrap: Bootstrap) -> ResamplingUnits:
    """The units of a run's records; the same for all models and conditions, so that resamples are paired.

    Raises:
        RunError: no records.
    """
    if not len(frame):
        raise RunError("Expected at least one frame to resample, got none: evaluate the models on some frames first.")
    subjects, frames = frame["subject_id"].nunique(), frame["image_id"].nunique()
    by_subject = bootstrap.unit == "subject" or (bootstrap.unit == "auto" and subjects >= MIN_SUBJECTS)
    # Sorted names: neither the order of the records nor an invalid prediction changes a resample.
    codes, names = pd.factorize(frame["subject_id" if by_subject else "image_id"], sort=True)
    statement = (
        f"{bootstrap.confidence * 100:g} % intervals from {bootstrap.resamples:,} resamples of "
        f"{_counted(subjects, 'subject')} (patients or sequences, {_counted(frames, 'frame')})"
        if by_subject
        else f"{bootstrap.confidence * 100:g} % intervals from {bootstrap.resamples:,} resamples of "
        f"{_counted(frames, 'single frame')}"
    )
    kind: Literal["subject", "frame"] = "subject" if by_subject else "frame"
    return ResamplingUnits(
        codes.astype(np.intp), len(names), kind, f"{statement}.", _warning(bootstrap, by_subject, subjects, frames)
    )


def _warning(bootstrap: Bootstrap, by_subject: bool, subjects: int, frames: int) -> str:
    if by_subject and subjects < MIN_SUBJECTS:
        return (
            f"Only {_counted(subjects, 'subject')}: the intervals are too narrow, trust none from fewer than "
            f"{MIN_SUBJECTS} patients or sequences."
        )
    if not by_subject and subjects < frames:
        reason = (
            "as requested" if bootstrap.unit == "frame" else f"because fewer than {MIN_SUBJECTS} subjects are too few"
        )
        return (
            f"Frames are resampled as if they were independent, {reason}: the run has {_counted(frames, 'frame')} of "
            f"{_counted(subjects, 'subject')} (patients or sequences), and where frames of a subject resemble "
            "each other the intervals are too narrow."
        )
    return ""


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


_RESOLVED = 10
"""Resamples beyond 0 that are needed to read a tail probability from them."""


def interval(point: Floats, draws: Floats, number: int, confidence: float) -> tuple[Floats, Floats]:
    """Lower and upper end, the expanded percentile interval (Hesterberg, The American Statistician 2015), unbiased.

    The percentiles lie further out than those of the plain interval by Student's t and n / (n - 1): with few units
    the plain one is too narrow. A large bias moves the interval, see :func:`bias_shift`. Where no
    resampled value is negative, no end is.

    Args:
        point: the value of the run (...).
        draws: resampled values (resamples, ...); NaN is left out.
        number: of resampled units; with fewer than 2 both ends are NaN.
        confidence: confidence level.
    """
    if number < 2:
        undefined = np.full(draws.shape[1:], np.nan)
        return undefined, undefined
    tail = float(ndtr(stdtrit(number - 1, (1 - confidence) / 2) * _expansion(number)))
    ends = _quantiles(draws, tail) - bias_shift(point, draws)
    low, high = np.where((draws < 0).any(0), ends, np.maximum(ends, 0))
    return low, high


def clopper_pearson(
    point: Floats, ends: tuple[Floats, Floats], number: int, confidence: float, upper_bound: float
) -> tuple[Floats, Floats]:
    """The ends for a proportion that is 0 or ``upper_bound`` in all frames, where no resample can differ from the run.

    The exact interval of Clopper and Pearson (Biometrika 1934) for ``number`` trials without a failure: that nothing
    went wrong in 24 frames does not show that nothing ever will.
    """
    low, high = ends
    bound = upper_bound * ((1 - confidence) / 2) ** (1 / max(number, 1))
    fixed = (low == point) & (high == point)
    return (
        np.where(fixed & (point == upper_bound), np.minimum(low, bound), low),
        np.where(fixed & (point == 0), np.maximum(high, upper_bound - bound), high),
    )


def bias_shift(point: Floats, draws: Floats) -> Floats:
    """Twice the bias, mean of the draws (resamples, ...) less the point (...), where it matters.

    A calibration error or a mean of the worst frames changes one way with every resampling, as it did when these
    frames were drawn. Up to a quarter of the spread a bias is ignored (Efron and Tibshirani 1993, chapter 10); from
    half of it on it is corrected in full.
    """
    bias = np.nan_to_num(mean_of_present(draws) - point)
    spread = np.sqrt(np.maximum(mean_of_present(draws**2) - mean_of_present(draws) ** 2, 0))
    matters = np.clip(4 * divide(np.abs(bias), spread) - 1, 0, 1)
    return np.nan_to_num(2 * bias * matters)


def p_value(point: Floats, draws: Floats, number: int) -> Floats:
    """Two-sided p-value of "no difference" from a difference (...) and its resamples (resamples, ...).

    It is below 1 - confidence just where :func:`interval` leaves 0 outside, up to one resample. Where fewer than 10
    resamples lie beyond 0 its tail is that of a normal distribution of their mean and spread. It is never below
    2^(1 - number), the least that an exact test of so many units can give.
    """
    if number < 2:
        return np.full(draws.shape[1:], np.nan)
    draws = draws - bias_shift(point, draws)
    defined = ~np.isnan(draws)
    n_defined = defined.sum(0)
    beyond = np.minimum((defined & (draws <= 0)).sum(0), (defined & (draws >= 0)).sum(0))
    tail = np.minimum((1 + beyond) / (1 + n_defined), 0.5)
    tail = np.where(beyond < _RESOLVED, np.minimum(tail, _normal_tail(draws, defined, n_defined)), tail)
    p: Floats = 2 * stdtr(number - 1, ndtri(tail) / _expansion(number))
    return np.where(n_defined > 1, np.maximum(p, 2.0 ** (1 - number)), np.nan)


def holm(p: Floats) -> Floats:
    """p-values corrected for their number along the last axis (Holm, Scand. J. Statistics 1979); NaN is no test."""
    p = np.asarray(p, np.float64)
    order = np.argsort(p, axis=-1)  # NaN last
    ranked = np.take_along_axis(p, order, -1)
    remaining = (~np.isnan(p)).sum(-1, keepdims=True) - np.arange(p.shape[-1])
    corrected = np.minimum(np.maximum.accumulate(ranked * np.maximum(remaining, 1), axis=-1), 1)
    result = np.empty_like(p)
    np.put_along_axis(result, order, corrected, -1)
    return result


def _normal_tail(draws: Floats, defined: NDArray[np.bool_], n_defined: NDArray[np.intp]) -> Floats:
    count = np.maximum(n_defined, 1)
    mean = np.where(defined, draws, 0).sum(0) / count
    spread = np.sqrt((np.where(defined, draws - mean, 0) ** 2).sum(0) / count)
    # Draws that are all the same lie infinitely many of their spreads from 0.
    with np.errstate(over="ignore"):
        tail: Floats = ndtr(-np.abs(mean) / np.maximum(spread, np.finfo(np.float64).tiny))
    return tail


def _expansion(number: int) -> float:
    return number / (number - 1)


def _quantiles(draws: Floats, tail: float) -> Floats:
    flat = draws.reshape(len(draws), -1)
    ends = np.full((2, flat.shape[1]), np.nan)
    complete = ~np.isnan(flat).any(0)
    if complete.any():
        ends[:, complete] = np.quantile(flat[:, complete], (tail, 1 - tail), axis=0)
    for column in np.flatnonzero(~complete):
        values = flat[~np.isnan(flat[:, column]), column]
        if values.size:
            ends[:, column] = np.quantile(values, (tail, 1 - tail))
    return ends.reshape(2, *draws.shape[1:])
