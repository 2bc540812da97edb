"""What the records say about a criterion: its value at each condition, with intervals of any level and p-values.

A level is that of a two-sided interval, as everywhere in this package: at 0.05 it is the 95 % interval of the reports.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.results.resampling import clopper_pearson, jackknife_interval, subject_mean_interval
from robustbench_endo.results.sign_flips import sign_flip_test

SMALLEST = 1e-9
"""The smallest p-value that is computed."""

_STEPS = 40


class Evidence(Protocol):
    """A value at each of K conditions."""

    @property
    def value(self) -> Floats:
        """(K,); NaN where it is not defined."""
        ...

    @property
    def subjects(self) -> int:
        """Patients or sequences with a value."""
        ...

    @property
    def smallest(self) -> float:
        """The smallest p-value that so many subjects can give; 0 for intervals that have no such limit."""
        ...

    def interval(self, level: float) -> tuple[Floats, Floats]:
        """Lower and upper ends of the intervals of confidence 1 - level, each (K,)."""
        ...

    def p_value(self, threshold: float, sign: int) -> Floats:
        """The smallest level at which the interval is above (sign 1) or below (-1) the threshold, (K,)."""
        ...


@dataclass(frozen=True)
class BoundEvidence:
    """A metric of a model, with the jackknife intervals of the reports.

    Attributes:
        value: (K,).
        subjects: number of patients or sequences.
        ends: (confidence) -> the ends of the intervals; the confidence may differ between conditions, (K,).
    """

    value: Floats
    subjects: int
    ends: Callable[[Any], tuple[Floats, Floats]]
    smallest: float = 0.0

    def interval(self, level: float) -> tuple[Floats, Floats]:
        """Ends of the intervals of confidence 1 - level, each (K,)."""
        return self.ends(1 - level)

    def p_value(self, threshold: float, sign: int) -> Floats:
        """By inversion of the intervals, so that no interval contradicts its p-value."""

        def meets(levels: Floats) -> Any:
            low, high = self.ends(1 - levels)
            return low >= threshold if sign > 0 else high <= threshold

        return smallest_levels(meets, self.value.shape)


def smallest_levels(meets: Callable[[Floats], Any], shape: tuple[int, ...]) -> Floats:
    """The smallest level at which a condition that gets easier with the level is met; 1 where it never is."""
    low, high = np.full(shape, np.log(SMALLEST)), np.zeros(shape)
    always, never = meets(np.exp(low)), ~meets(np.exp(high))
    for _ in range(_STEPS):
        middle = (low + high) / 2
        met = meets(np.exp(middle))
        low, high = np.where(met, low, middle), np.where(met, middle, high)
    result: Floats = np.where(always, SMALLEST, np.where(never, 1.0, np.exp(high)))
    return result


def subject_evidence(values: Floats, upper_bound: float | None) -> BoundEvidence:
    """The mean over subjects of each one's own score.

    Args:
        values: scores of the subjects, (n, K), all defined.
        upper_bound: largest value of a proportion; None for any other metric.

    >>> evidence = subject_evidence(np.array([[80.0], [82.0], [85.0], [79.0], [81.0], [84.0]]), 100.0)
    >>> low, high = evidence.interval(0.05)
    >>> round(low.item(), 1), round(high.item(), 1), evidence.p_value(75, 1).item() < 0.01
    (79.1, 84.4, True)
    """

    def ends(confidence: Any) -> tuple[Floats, Floats]:
        mean, low, high = subject_mean_interval(values, confidence, upper_bound)
        return _exact_at_the_ends(mean, (low, high), len(values), confidence, upper_bound)

    mean = values.mean(0) if len(values) else np.full(values.shape[1:], np.nan)
    return BoundEvidence(mean, len(values), ends)


def pooled_evidence(point: Floats, left_out: Floats, sizes: Floats, upper_bound: float | None) -> BoundEvidence:
    """A score of all frames together.

    Args:
        point: (K,).
        left_out: without each subject, (n, K).
        sizes: frames of each subject, (n,).
        upper_bound: largest value of a proportion; None for any other metric.
    """

    def ends(confidence: Any) -> tuple[Floats, Floats]:
        low_high = jackknife_interval(point, left_out, sizes, confidence, upper_bound)
        return _exact_at_the_ends(point, low_high, len(sizes), confidence, upper_bound)

    return BoundEvidence(point, len(sizes), ends)


def _exact_at_the_ends(
    point: Floats, ends: tuple[Floats, Floats], number: int, confidence: Any, upper_bound: float | None
) -> tuple[Floats, Floats]:
    return ends if upper_bound is None else clopper_pearson(point, ends, number, confidence, upper_bound)


@dataclass(frozen=True)
class MarginEvidence:
    """The difference new - old of subjects, tested against a margin as comparisons test it against 0.

    Attributes:
        differences: of each subject, (n, K), all defined.
        threshold: the largest tolerated difference for the worse, in the direction of the metric.
    """

    differences: Floats
    threshold: float
    subjects: int = field(init=False)
    value: Floats = field(init=False)
    smallest: float = field(init=False)

    def __post_init__(self) -> None:
        number = len(self.differences)
        object.__setattr__(self, "subjects", number)
        object.__setattr__(self, "value", self.differences.mean(0) if number else self.differences.sum(0) * np.nan)
        object.__setattr__(self, "smallest", 2.0 ** (1 - number))

    def interval(self, level: float) -> tuple[Floats, Floats]:
        """Ends of the intervals of confidence 1 - level; they exclude the margin exactly where p is at most level."""
        tests = [sign_flip_test(column, confidence=1 - level) for column in self._columns()]
        low, high = (np.concatenate([getattr(test, end) for test in tests]) for end in ("low", "high"))
        return low + self.threshold, high + self.threshold

    def p_value(self, threshold: float, sign: int) -> Floats:
        """Of the exact test of the subjects' signs, never below that of Student's t; 1 on the other side."""
        assert threshold == self.threshold
        tests = [sign_flip_test(column) for column in self._columns()]
        p = np.concatenate([test.p for test in tests])
        mean = np.concatenate([test.mean for test in tests])
        result: Floats = np.where(sign * mean > 0, p, 1.0)
        return result

    def _columns(self) -> list[Floats]:
        """One hypothesis each: several together would be corrected for their number."""
        shifted = self.differences - self.threshold
        return [shifted[:, [column]] for column in range(shifted.shape[1])]
