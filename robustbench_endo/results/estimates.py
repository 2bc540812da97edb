"""Scores of a run at every condition, the same scores of resampled runs, and the estimates that follow from both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from robustbench_endo.metrics.aggregation import Codes, Floats, mean_of_present
from robustbench_endo.metrics.base import Metric
from robustbench_endo.results.bootstrap import Bootstrap, ResamplingUnits, clopper_pearson, interval, resampling_units
from robustbench_endo.results.metrics import MetricGroup, find_metric
from robustbench_endo.results.schema import CLEAN

PARTS = ("value", "low", "high")
"""The last level of the columns of a table with intervals."""

_BLOCK = 4_000_000
"""Sums in memory at a time while resampling: 32 MB."""

_RECORDS = 1 << 14
"""Records whose statistics are in memory at a time."""


@dataclass(frozen=True)
class ScoreArray:
    """A metric at every condition; NaN where a condition is missing.

    The first axis is 1 for the run itself, else the resamples.

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
    severities: Sequence[int]
    recorded: Sequence[str] = ()

    def arrange(self, keys: pd.DataFrame, values: Floats) -> ScoreArray:
        """Values (R, len(keys)) arranged by ``keys``: model, corruption, severity."""
        model = pd.Index(self.models).get_indexer(keys["model"])
        names = keys["corruption"].astype(object)
        corruption = pd.Index(self.corruptions, dtype=object).get_indexer(names)
        severity = pd.Index(self.severities, dtype=int).get_indexer(keys["severity"].astype(int))
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
class BootstrapResult:
    """A metric of the run and of its resamples, in its unit.

    Attributes:
        point: of the run, first axis 1.
        draws: of the resamples; None without intervals.
        number, confidence: resampled units, confidence level.
        upper_bound: largest value of a proportion, 100 in percent; None for any other metric.
    """

    point: ScoreArray
    draws: ScoreArray | None
    number: int = 0
    confidence: float = 0.95
    upper_bound: float | None = None

    def estimate_mean(self, formula: Callable[[ScoreArray], Floats]) -> Estimate:
        """:meth:`estimate` of a mean of scores: a proportion has an interval at 0 % and at 100 %, too."""
        estimate = self.estimate(formula)
        if self.upper_bound is None:
            return estimate
        ends = (estimate.low, estimate.high)
        return Estimate(
            estimate.value, *clopper_pearson(estimate.value, ends, self.number, self.confidence, self.upper_bound)
        )

    def estimate(self, formula: Callable[[ScoreArray], Floats]) -> Estimate:
        """A formula ScoreArray -> (R, ...) of the run, with its interval."""
        draws = None if self.draws is None else formula(self.draws)
        return estimate_from_draws(formula(self.point), draws, self.number, self.confidence)


def estimate_from_draws(point: Floats, draws: Floats | None, number: int, confidence: float) -> Estimate:
    """A value (1, ...) with the interval of its resamples (R, ...)."""
    if draws is None:
        undefined = np.full(point.shape[1:], np.nan)
        return Estimate(point[0], undefined, undefined)
    return Estimate(point[0], *interval(point[0], draws, number, confidence))


class ScoreEstimator:
    """Scores by condition of the records of one run.

    Args:
        frame: records, columns as in :mod:`robustbench_endo.results.schema`.
        groups: the metrics.
        conditions: of the run.
        bootstrap: None for point estimates.

    Raises:
        RunError: no records.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        groups: Sequence[MetricGroup],
        conditions: Conditions,
        bootstrap: Bootstrap | None = None,
    ) -> None:
        self.frame, self.groups, self.conditions, self.bootstrap = frame, groups, conditions, bootstrap
        grouped = frame.groupby(["model", "corruption", "severity"], sort=False, observed=True)
        self.codes: Codes = grouped.ngroup().to_numpy().astype(np.intp)
        first = ~grouped.cumcount().astype(bool)
        self.keys = frame.loc[first, ["model", "corruption", "severity"]].reset_index(drop=True)

    @cached_property
    def units(self) -> ResamplingUnits:
        """The resampled units."""
        return resampling_units(self.frame, self.bootstrap or Bootstrap())

    @cached_property
    def weights(self) -> Floats:
        """How often each resample contains each unit, (resamples, units)."""
        return self.units.weights(self.bootstrap or Bootstrap())

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
        return point_scores(self._group(metric), self.frame, self.codes, len(self.keys))[metric]

    def draws(self, metrics: Sequence[str]) -> Iterator[tuple[str, Floats]]:
        """Each metric of the resamples, (resamples, conditions), in its unit; those of a group follow each other."""
        for group in self.groups:
            names = [name for name in group.names if name in metrics]
            if names:
                scores = resampled_scores(
                    group, names, self.frame, self.codes, len(self.keys), self.units, self.weights
                )
                yield from ((name, scores.pop(name)) for name in names)

    def results(self, metrics: Sequence[str]) -> Iterator[tuple[str, BootstrapResult]]:
        """Each metric as arrays, with resamples when there is a bootstrap.

        Raises:
            RobustEndoError: a metric that the run does not have.
        """
        points = {name: self.arrange(self.point(name)[None]) for name in metrics}
        if self.bootstrap is None:
            yield from ((name, BootstrapResult(point, None)) for name, point in points.items())
            return
        for name, values in self.draws(metrics):
            bound = find_metric(self.metrics, name).upper_bound
            draws = self.arrange(values)
            yield name, BootstrapResult(points[name], draws, self.units.number, self.bootstrap.confidence, bound)

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


def resampled_scores(
    group: MetricGroup,
    names: Sequence[str],
    frame: pd.DataFrame,
    codes: Codes,
    number: int,
    units: ResamplingUnits,
    weights: Floats,
) -> dict[str, Floats]:
    """The metrics of a group in each resample, (resamples, number): weights times the sums of each unit."""
    statistics = group.statistics(frame)
    cells = units.codes * number + codes
    sums = np.stack(
        [np.bincount(cells, weights=column, minlength=units.number * number) for column in statistics.T]
    ).reshape(-1, units.number, number)
    table = np.ascontiguousarray(sums.swapaxes(0, 1)).reshape(units.number, -1)
    scores = {name: np.empty((len(weights), number)) for name in names}
    block = max(1, _BLOCK // table.shape[1])
    for start in range(0, len(weights), block):
        rows = slice(start, start + block)
        resampled = (weights[rows] @ table).reshape(-1, len(sums), number).swapaxes(0, 1)
        values = group.scores(resampled)
        for name in names:
            scores[name][rows] = values[name]
    return scores
