"""Scores of a run at every condition, the same scores without each subject, and the estimates that follow from both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from robustbench_endo.metrics.aggregation import Codes, Floats, mean_of_present
from robustbench_endo.metrics.base import Metric
from robustbench_endo.results.metrics import MetricGroup, find_metric
from robustbench_endo.results.resampling import (
    Resampling,
    ResamplingUnits,
    clopper_pearson,
    jackknife_interval,
    plain_interval,
    resampling_units,
    subject_mean_interval,
)
from robustbench_endo.results.schema import CLEAN

PARTS = ("value", "low", "high")
"""The last level of the columns of a table with intervals."""

_BLOCK = 4_000_000
"""Sums in memory at a time: 32 MB."""

_MAX_REMEMBERED = 200_000
"""Scores of units at conditions up to which they are remembered for the next table: 3 MB for each metric."""

_RECORDS = 1 << 14
"""Records whose statistics are in memory at a time."""


@dataclass(frozen=True)
class ScoreArray:
    """A metric at every condition; NaN where a condition is missing.

    The first axis is 1 for the run itself, else its subjects.

    Attributes:
        clean: (R, models).
        corrupted: (R, models, corruptions, severities).
        recorded: (R, models, recorded conditions), in no mean over corruptions.
    """

    clean: Floats
    corrupted: Floats
    recorded: Floats = field(default_factory=lambda: np.empty((1, 1, 0)))

    def mean_over_severities(self) -> Floats:
        """Mean over severities, (R, models, corruptions), as in the paper's Table VII."""
        return self._mean_over_severities

    def mean_over_corruptions(self) -> Floats:
        """Mean over severities, then over corruptions, (R, models)."""
        return mean_of_present(self.mean_over_severities(), -1)

    def with_clean(self) -> Floats:
        """Severity 0 (clean) and the others in one array, (R, models, corruptions, 1 + severities)."""
        clean = np.broadcast_to(self.clean[:, :, None, None], (*self.corrupted.shape[:3], 1))
        return np.concatenate((clean, self.corrupted), axis=-1)

    @cached_property
    def _mean_over_severities(self) -> Floats:
        # Every row of a table starts from these.
        return mean_of_present(self.corrupted, -1)


@dataclass(frozen=True)
class Conditions:
    """The conditions of a run, in order."""

    models: Sequence[str]
    corruptions: Sequence[str]
    severities: Sequence[float]
    recorded: Sequence[str] = ()

    def arrange(self, keys: pd.DataFrame, values: Floats) -> ScoreArray:
        """Values (R, len(keys)) arranged by ``keys``: model, corruption, severity."""
        model = pd.Index(self.models).get_indexer(keys["model"])
        names = keys["corruption"].astype(object)
        corruption = pd.Index(self.corruptions, dtype=object).get_indexer(names)
        severity = pd.Index(self.severities, dtype=float).get_indexer(keys["severity"].astype(float))
        recorded_index = pd.Index(self.recorded, dtype=object).get_indexer(names)
        clean = np.full((len(values), len(self.models)), np.nan)
        corrupted = np.full((*clean.shape, len(self.corruptions), len(self.severities)), np.nan)
        recorded = np.full((*clean.shape, len(self.recorded)), np.nan)
        rows = np.flatnonzero((keys["corruption"] == CLEAN).to_numpy() & (model >= 0))
        clean[:, model[rows]] = values[:, rows]
        rows = np.flatnonzero((model >= 0) & (corruption >= 0) & (severity >= 0))
        corrupted[:, model[rows], corruption[rows], severity[rows]] = values[:, rows]
        rows = np.flatnonzero((model >= 0) & (recorded_index >= 0))
        recorded[:, model[rows], recorded_index[rows]] = values[:, rows]
        return ScoreArray(clean, corrupted, recorded)


@dataclass(frozen=True)
class Estimate:
    """A value and the ends of its interval, arrays of one shape; the ends are NaN without intervals."""

    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class ScoreResult:
    """A metric of the run and, with intervals, of its subjects, in its unit.

    Attributes:
        point: of all frames together, first axis 1.
        left_out: without the frames of each subject, first axis n; None without intervals.
        by_subject: of the frames of each subject only, first axis n; None without intervals.
        sizes: frames of each subject, (n,).
        confidence: confidence level.
        upper_bound: largest value of a proportion, 100 in percent; None for any other metric.
    """

    point: ScoreArray
    left_out: ScoreArray | None = None
    by_subject: ScoreArray | None = None
    sizes: Floats = field(default_factory=lambda: np.empty(0))
    confidence: float = 0.95
    upper_bound: float | None = None

    def estimate_mean(self, formula: Callable[[ScoreArray], Floats]) -> Estimate:
        """A mean of scores of all frames together, within the range of the metric.

        A proportion has an interval at 0 % and at 100 %, too.
        """
        point = formula(self.point)[0]
        if self.left_out is None:
            return _without_interval(point)
        ends = jackknife_interval(point, formula(self.left_out), self.sizes, self.confidence, self.upper_bound)
        if self.upper_bound is not None:
            ends = clopper_pearson(point, ends, len(self.sizes), self.confidence, self.upper_bound)
        return Estimate(point, *ends)

    def estimate(self, formula: Callable[[ScoreArray], Floats]) -> Estimate:
        """Any formula ScoreArray -> (R, ...) of the run, with its interval."""
        left_out = None if self.left_out is None else formula(self.left_out)
        return estimate_left_out(formula(self.point)[0], left_out, self.sizes, self.confidence)

    def estimate_by_subject(self, formula: Callable[[ScoreArray], Floats]) -> Estimate:
        """The mean over subjects of each one's own score: every patient counts once, however many frames it has."""
        assert self.by_subject is not None
        values = formula(self.by_subject)
        mean, *ends = subject_mean_interval(values, self.confidence, self.upper_bound)
        if self.upper_bound is not None:
            ends = [*clopper_pearson(mean, (ends[0], ends[1]), len(self.sizes), self.confidence, self.upper_bound)]
        return Estimate(mean, ends[0], ends[1])


def estimate_left_out(point: Floats, left_out: Floats | None, sizes: Floats, confidence: float) -> Estimate:
    """A value (...) of any formula with the interval of its values without each subject (n, ...)."""
    if left_out is None:
        return _without_interval(point)
    return Estimate(point, *plain_interval(point, left_out, sizes, confidence))


def _without_interval(point: Floats) -> Estimate:
    undefined = np.full(point.shape, np.nan)
    return Estimate(point, undefined, undefined)


class ScoreEstimator:
    """Scores by condition of the records of one run.

    Args:
        frame: records, columns as in :mod:`robustbench_endo.results.schema`.
        groups: the metrics.
        conditions: of the run.
        resampling: None for point estimates.
        subject_note: what else limits intervals by subject; empty for nothing.

    Raises:
        RunError: no records.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        groups: Sequence[MetricGroup],
        conditions: Conditions,
        resampling: Resampling | None = None,
        subject_note: str = "",
    ) -> None:
        self.frame, self.groups, self.conditions, self.resampling = frame, groups, conditions, resampling
        self.subject_note = subject_note
        self._points: dict[str, Floats] = {}
        self._by_unit: dict[tuple[str, str], tuple[Floats, Floats]] = {}
        grouped = frame.groupby(["model", "corruption", "severity"], sort=False, observed=True)
        self.codes: Codes = grouped.ngroup().to_numpy().astype(np.intp)
        first = ~grouped.cumcount().astype(bool)
        self.keys = frame.loc[first, ["model", "corruption", "severity"]].reset_index(drop=True)

    def with_resampling(self, resampling: Resampling | None) -> ScoreEstimator:
        """The same records with other settings; conditions and scores that are known already are shared."""
        other = copy(self)
        other.__dict__.pop("units", None)
        other.resampling = resampling
        return other

    @cached_property
    def units(self) -> ResamplingUnits:
        """The units of the intervals."""
        return resampling_units(self.frame, self.resampling or Resampling(), self.subject_note)

    @property
    def metrics(self) -> list[Metric]:
        """The metrics, in order."""
        return [metric for group in self.groups for metric in group.metrics]

    @property
    def names(self) -> list[str]:
        """Names of the metrics."""
        return [metric.name for metric in self.metrics]

    def count(self, flags: Floats) -> Floats:
        """Sum of a flag per record at each condition of ``keys``."""
        return np.bincount(self.codes, weights=flags, minlength=len(self.keys)).astype(np.float64)

    def point(self, metric: str) -> Floats:
        """A metric of the run at each condition of ``keys``, in its unit.

        Raises:
            RobustEndoError: a metric that the run does not have.
        """
        if metric not in self._points:
            self._points |= point_scores(self._group(metric), self.frame, self.codes, len(self.keys))
        return self._points[metric]

    def subject_scores(self, metrics: Sequence[str]) -> dict[str, ScoreArray]:
        """Metric -> the score of each subject's own frames, first axis subjects, whatever the unit of the intervals."""
        units = resampling_units(self.frame, Resampling())
        scores: dict[str, ScoreArray] = {}
        for group in self.groups:
            names = [name for name in group.names if name in metrics]
            if names:
                parts = unit_scores(group, names, self.frame, self.codes, len(self.keys), units)
                scores |= {name: self.arrange(parts[name][1]) for name in names}
        return scores

    def without_units(self, metrics: Sequence[str]) -> Iterator[tuple[str, Floats, Floats]]:
        """Each metric without each unit and of each unit only, both (units, conditions of ``keys``), in its unit."""
        kind = self.units.kind
        for group in self.groups:
            names = [name for name in group.names if name in metrics]
            unknown = [name for name in names if (kind, name) not in self._by_unit]
            scores = {}
            if unknown:
                scores = unit_scores(group, unknown, self.frame, self.codes, len(self.keys), self.units)
            if self.units.number * len(self.keys) <= _MAX_REMEMBERED:
                self._by_unit |= {(kind, name): scores[name] for name in unknown}
            for name in names:
                yield (name, *(scores.pop(name) if name in scores else self._by_unit[kind, name]))

    def results(self, metrics: Sequence[str]) -> Iterator[tuple[str, ScoreResult]]:
        """Each metric as arrays, with its subjects when there are settings for intervals.

        Raises:
            RobustEndoError: a metric that the run does not have.
        """
        points = {name: self.arrange(self.point(name)[None]) for name in metrics}
        if self.resampling is None:
            yield from ((name, ScoreResult(point)) for name, point in points.items())
            return
        for name, left_out, by_unit in self.without_units(metrics):
            yield (
                name,
                ScoreResult(
                    points[name],
                    self.arrange(left_out),
                    self.arrange(by_unit),
                    self.units.sizes,
                    self.resampling.confidence,
                    find_metric(self.metrics, name).upper_bound,
                ),
            )

    def arrange(self, values: Floats) -> ScoreArray:
        """Values (R, conditions of ``keys``) arranged."""
        return self.conditions.arrange(self.keys, values)

    def _group(self, metric: str) -> MetricGroup:
        find_metric(self.metrics, metric)
        return next(group for group in self.groups if metric in group.names)


def point_scores(group: MetricGroup, frame: pd.DataFrame, codes: Codes, number: int) -> dict[str, Floats]:
    """The metrics of a group at each of ``number`` conditions; ``codes`` is the condition of each record."""
    sums = [_sums(group.statistics(frame.iloc[part]), codes[part], number) for part in _parts(codes)]
    return group.scores(np.sum(sums, axis=0))


def _sums(statistics: Floats, codes: Codes, number: int) -> Floats:
    return np.stack([np.bincount(codes, weights=column, minlength=number) for column in statistics.T])


def _parts(codes: Codes) -> list[slice]:
    """All records, some at a time, where those of a condition are contiguous; a condition is never divided."""
    if len(codes) <= _RECORDS or (np.diff(codes) < 0).any():
        return [slice(None)]
    ends = np.unique(np.searchsorted(codes, codes[_RECORDS - 1 :: _RECORDS], side="right"))
    starts = [0, *ends.tolist()]
    return [slice(start, end) for start, end in zip(starts, [*starts[1:], len(codes)], strict=True) if start < end]


def unit_scores(
    group: MetricGroup, names: Sequence[str], frame: pd.DataFrame, codes: Codes, number: int, units: ResamplingUnits
) -> dict[str, tuple[Floats, Floats]]:
    """The metrics of a group at each of ``number`` conditions without each unit, and of each unit only.

    Returns:
        Metric -> two arrays (units, number).
    """
    scores = {name: (np.empty((units.number, number)), np.empty((units.number, number))) for name in names}
    statistics = group.statistics(frame)
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(number + 1))
    block = max(1, _BLOCK // max(1, statistics.shape[1] * units.number))
    for start in range(0, number, block):
        size = min(block, number - start)
        rows = order[starts[start] : starts[start + size]]
        by_unit = unit_sums(statistics[rows], units.codes[rows], codes[rows] - start, units.number, size)
        for position, sums in enumerate((_sums_of_others(by_unit), by_unit)):
            for name, values in group.scores(sums, names).items():
                scores[name][position][:, start : start + size] = values
    return scores


def unit_sums(statistics: Floats, units: Codes, codes: Codes, number: int, size: int) -> Floats:
    """Sums of statistics (n, K) by unit and condition, (K, number, size)."""
    cells = units * size + codes
    sums = [np.bincount(cells, weights=column, minlength=number * size) for column in statistics.T]
    return np.stack(sums).reshape(-1, number, size).astype(np.float64)


def _sums_of_others(by_unit: Floats) -> Floats:
    """For each unit the sum over all others, (K, number, size), without the rounding errors of a subtraction."""
    zeros = np.zeros_like(by_unit[:, :1])
    before = np.concatenate((zeros, np.cumsum(by_unit[:, :-1], axis=1)), axis=1)
    after = np.concatenate((np.cumsum(by_unit[:, :0:-1], axis=1)[:, ::-1], zeros), axis=1)
    return np.asarray(before + after)
