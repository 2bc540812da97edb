"""Settings of intervals and tests, the units that they rest on, and jackknife intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.metrics.aggregation import Codes, Floats, divide

FEW_SUBJECTS = 8
"""Below it a run is reported with a warning: the intervals cover, but they are wide."""

SAME = 1e-12
"""Scores that differ by less, relative to their size, are equal: a subject without influence changes nothing."""


@dataclass(frozen=True)
class Resampling:
    """Settings of intervals and tests.

    Attributes:
        resamples: random sign flips of a test with more subjects than can be enumerated, at least 200.
        confidence: confidence level of the intervals, 0.5 to below 1.
        seed: random seed of the sign flips; the intervals need none.
        unit: ``subject`` (patient, sequence), or ``frame`` for intervals that describe the frames of the run as if
            they were independent; these have no p-values.

    Raises:
        RobustEndoError: a setting outside its range.

    >>> Resampling(confidence=0.9).unit
    'subject'
    """

    resamples: int = 10_000
    confidence: float = 0.95
    seed: int = 0
    unit: Literal["subject", "frame"] = "subject"

    def __post_init__(self) -> None:
        if self.resamples < 200:
            raise RobustEndoError(
                f"Expected at least 200 resamples, got {self.resamples}: fewer cannot show a small p-value."
            )
        if not 0.5 <= self.confidence < 1:
            raise RobustEndoError(
                f"Expected a confidence level from 0.5 to below 1, got {self.confidence}: write 0.95 for 95 %."
            )
        if self.seed < 0:
            raise RobustEndoError(f"Expected a seed of at least 0, got {self.seed}: any whole number will do.")
        if self.unit not in ("subject", "frame"):
            raise RobustEndoError(f"Expected subject or frame as the unit of resampling, got {self.unit!r}.")


Intervals = bool | Resampling
"""True for 95 % intervals with the defaults of :class:`Resampling`, or the settings to use."""


def resampling_settings(intervals: Intervals) -> Resampling:
    """The settings of intervals; the defaults where only their presence is stated."""
    return intervals if isinstance(intervals, Resampling) else Resampling()


@dataclass(frozen=True)
class ResamplingUnits:
    """The units that intervals and tests rest on.

    Attributes:
        codes: unit of each record, (n,), below ``number``.
        sizes: frames of each unit, (number,).
        kind: ``subject`` or ``frame``.
        statement: unit, number and settings in one sentence, shown with every interval.
        warning: why the intervals have to be interpreted with caution; empty without a reason.
    """

    codes: Codes
    sizes: Floats
    kind: Literal["subject", "frame"]
    statement: str
    warning: str

    @property
    def number(self) -> int:
        """Number of units."""
        return len(self.sizes)


def resampling_units(frame: pd.DataFrame, resampling: Resampling, note: str = "") -> ResamplingUnits:
    """The units of a run's records; the same for all models and conditions.

    Args:
        frame: records.
        resampling: settings.
        note: what else limits intervals by subject; empty for nothing.

    Raises:
        RunError: no records.
    """
    if not len(frame):
        raise RunError("Expected at least one frame to resample, got none: evaluate the models on some frames first.")
    kind = resampling.unit
    # Sorted names: neither the order of the records nor an invalid prediction changes a unit.
    codes, names = pd.factorize(frame["subject_id" if kind == "subject" else "image_id"], sort=True)
    pairs = pd.DataFrame({"unit": codes, "image_id": frame["image_id"]}).drop_duplicates()
    sizes = np.bincount(pairs["unit"], minlength=len(names)).astype(np.float64)
    frames, subjects = frame["image_id"].nunique(), frame["subject_id"].nunique()
    statement = _statement(resampling, subjects, frames)
    remarks = (_warning(kind, subjects, frames), note if kind == "subject" else "")
    warning = " ".join(text for text in remarks if text)
    return ResamplingUnits(codes.astype(np.intp), sizes, kind, statement, warning)


def _statement(resampling: Resampling, subjects: int, frames: int) -> str:
    level = f"{resampling.confidence * 100:g} % intervals"
    if resampling.unit == "frame":
        return f"{level} from {counted(frames, 'frame')} as if they were independent: descriptive, without p-values."
    if subjects < 2:
        return f"No intervals: {counted(frames, 'frame')} of 1 subject (patient or sequence)."
    return (
        f"{level} from {counted(subjects, 'subject')} (patients or sequences, {counted(frames, 'frame')}): jackknife "
        "over subjects, t distribution."
    )


def _warning(kind: str, subjects: int, frames: int) -> str:
    if kind == "frame":
        if subjects == frames:
            return ""
        return (
            f"Frames are treated as if they were independent, as requested: the run has {counted(frames, 'frame')} of "
            f"{counted(subjects, 'subject')} (patients or sequences), and where frames of a subject resemble each "
            "other the intervals are much too narrow for other patients."
        )
    if subjects == 1:
        return (
            "One subject (patient or sequence): no interval and no p-value, because nothing in the run shows how much "
            "patients differ."
        )
    if subjects < FEW_SUBJECTS:
        wide = f"Only {subjects} subjects (patients or sequences): the intervals cover, but they are wide"
        return f"{wide}{_no_test(subjects)}."
    return ""


def _no_test(subjects: int) -> str:
    p = smallest_p(subjects)
    return (
        f", and no test can be significant with {subjects} subjects (smallest attainable p {p:.3g})" if p > 0.05 else ""
    )


def smallest_p(subjects: int) -> float:
    """The smallest p-value that an exact two-sided test of paired differences of so many subjects can have.

    >>> smallest_p(5)
    0.0625
    """
    return float(2.0 ** (1 - subjects)) if subjects > 1 else float("nan")


def counted(count: int, noun: str) -> str:
    """``1 frame``, ``2 frames``."""
    return f"{count} {noun}" if count == 1 else f"{count:,} {noun}s"


def subject_mean_interval(
    values: Floats, confidence: float, upper_bound: float | None = None
) -> tuple[Floats, Floats, Floats]:
    """Mean of the scores of subjects (n, ...) and the ends of its interval, each (...).

    NaN is left out; with fewer than two scores the ends are NaN. The interval is that of :func:`jackknife_interval` for
    subjects of equal weight.
    """
    defined = np.isfinite(values)
    total, count = np.where(defined, values, 0.0).sum(0), defined.sum(0)
    mean = divide(total, count)
    left_out = divide(total - np.where(defined, values, 0.0), count - defined)
    sizes = np.ones(len(values))
    few = count < 2
    low, high = jackknife_interval(mean, np.where(few, mean, left_out), sizes, confidence, upper_bound)
    return mean, np.where(few, np.nan, low), np.where(few, np.nan, high)


def jackknife_interval(
    point: Floats, left_out: Floats, sizes: Floats, confidence: float, upper_bound: float | None = None
) -> tuple[Floats, Floats]:
    """Lower and upper end of an interval for a score that is computed from all frames together.

    The variance is that of the scores without one subject each (Miller, Biometrika 1974), times n / (n - 1), which
    compensates that variances of few subjects are small more often than large. The square of the jackknife's bias is
    added: a calibration error, or an overlap averaged over classes that few patients have, is biased. Subjects of
    different size count as fewer of equal size (Kish, Survey Sampling 1965), which sets the degrees of freedom of
    Student's t. Where the scores are proportions or not negative, the interval is computed on the scale where their
    variance hardly depends on their size (arc sine, square root) and stays within their range.

    Args:
        point: score of the run, (...).
        left_out: scores without each subject, (n, ...).
        sizes: frames of each subject, (n,).
        confidence: confidence level.
        upper_bound: largest value of a proportion; None for any other score.

    Returns:
        Two arrays (...); NaN with fewer than two subjects that have an influence, or where the score of a single
        subject decides whether the score is defined.
    """
    if len(left_out) < 2:
        undefined = np.full(point.shape, np.nan)
        return undefined, undefined
    plain = _ends(point, left_out, sizes, confidence)
    smallest, largest = np.minimum(point, left_out.min(0)), np.maximum(point, left_out.max(0))
    if upper_bound is not None:
        inside = (smallest >= 0) & (largest <= upper_bound)
        angles = _ends(_angle(point, upper_bound), _angle(left_out, upper_bound), sizes, confidence)
        ends = [upper_bound * np.sin(np.clip(angle, 0, np.pi / 2)) ** 2 for angle in angles]
    else:
        inside = smallest >= 0
        roots = _ends(np.sqrt(np.maximum(point, 0)), np.sqrt(np.maximum(left_out, 0)), sizes, confidence)
        ends = [np.maximum(root, 0) ** 2 for root in roots]
    low, high = (np.where(inside, end, other) for end, other in zip(ends, plain, strict=True))
    # A score that no subject changes is its own interval, whatever the transformation rounds.
    fixed = (np.abs(left_out - point) <= SAME * np.maximum(np.abs(point), 1)).all(0)
    return np.where(fixed, point, low), np.where(fixed, point, high)


def plain_interval(point: Floats, left_out: Floats, sizes: Floats, confidence: float) -> tuple[Floats, Floats]:
    """As :func:`jackknife_interval` for a formula that has no range, such as a difference or a ratio of scores."""
    if len(left_out) < 2:
        undefined = np.full(point.shape, np.nan)
        return undefined, undefined
    return _ends(point, left_out, sizes, confidence)


def jackknife_error(point: Floats, left_out: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """Standard error of a score and its degrees of freedom, each (...); see :func:`jackknife_interval`."""
    number = len(left_out)
    # A score that is not defined without a subject (NaN) depends on it.
    influential = ~(np.abs(left_out - point) <= SAME * np.maximum(np.abs(point), 1))
    weights = np.where(influential, sizes.reshape(-1, *[1] * point.ndim), 0.0)
    effective = divide(weights.sum(0) ** 2, (weights**2).sum(0))
    mean = left_out.mean(0)
    # (n - 1) / n * squares is the jackknife variance; n / (n - 1) of it is the sum of squares itself.
    squares, bias = ((left_out - mean) ** 2).sum(0), (number - 1) * (mean - point)
    error = np.where(influential.sum(0) >= 2, np.sqrt(squares + bias**2), np.nan)
    return np.where(influential.any(0), error, 0.0), np.clip(effective - 1, 1, number - 1)


def _ends(point: Floats, left_out: Floats, sizes: Floats, confidence: float) -> tuple[Floats, Floats]:
    error, freedom = jackknife_error(point, left_out, sizes)
    half = stdtrit(np.where(np.isnan(freedom), 1, freedom), (1 + confidence) / 2) * error
    return point - half, point + half


def _angle(values: Floats, upper_bound: float) -> Floats:
    angle: Floats = np.arcsin(np.sqrt(np.clip(values / upper_bound, 0, 1)))
    return angle


def clopper_pearson(
    point: Floats, ends: tuple[Floats, Floats], number: int | Codes, confidence: float, upper_bound: float
) -> tuple[Floats, Floats]:
    """The ends for a proportion that is 0 or ``upper_bound`` in all frames, so that no subject differs.

    The exact interval of Clopper and Pearson (Biometrika 1934) for ``number`` trials without a failure: that nothing
    went wrong in 24 subjects does not show that nothing ever will.
    """
    low, high = ends
    bound = upper_bound * ((1 - confidence) / 2) ** (1 / np.maximum(number, 1))
    fixed = (low == point) & (high == point) & (np.asarray(number) > 1)
    return (
        np.where(fixed & (point == upper_bound), np.minimum(low, bound), low),
        np.where(fixed & (point == 0), np.maximum(high, upper_bound - bound), high),
    )


def holm(p: Floats) -> Floats:
    """p-values corrected for their number along the last axis (Holm, Scand. J. Statistics 1979); NaN is no test."""
    p = np.asarray(p, np.float64)
    order = np.argsort(p, axis=-1)  # NaN last
    ranked = np.take_along_axis(p, order, -1)
    remaining: NDArray[np.intp] = (~np.isnan(p)).sum(-1, keepdims=True) - np.arange(p.shape[-1])
    corrected = np.minimum(np.maximum.accumulate(ranked * np.maximum(remaining, 1), axis=-1), 1)
    result = np.empty_like(p)
    np.put_along_axis(result, order, corrected, -1)
    return result


def holm_levels(p: Floats, level: float) -> Floats:
    """The level at which Holm's procedure tests each hypothesis; those after the first that stands share its level."""
    order = np.argsort(p)
    levels = level / (len(p) - np.arange(len(p)))
    stands = ~(p[order] <= levels)
    if stands.any():
        first = int(np.argmax(stands))
        levels[first:] = levels[first]
    result = np.empty_like(levels)
    result[order] = levels
    return result


def with_statement(table: pd.DataFrame, units: ResamplingUnits) -> pd.DataFrame:
    """The table with what its intervals rest on, and a warning if there is one, in ``.attrs``."""
    table.attrs |= {"intervals": units.statement, "warning": units.warning}
    return table
