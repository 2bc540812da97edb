"""Scores of a run, and the same scores of resampled runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_endo.results.bootstrap import Bootstrap, ResamplingUnits, clopper_pearson, interval, units
from robustbench_endo.results.dataset_scores import Floats, mean_of_present
from robustbench_endo.results.frame_statistics import MetricGroup, group_of_metric, invalid_predictions
from robustbench_endo.results.metric_info import METRICS
from robustbench_endo.results.schema import CLEAN


@dataclass(frozen=True)
class ScoreArray:
    """Scores; NaN where a condition is missing. The first axis is 1 for the run itself, else the resamples.

    Attributes:
        clean: (R, models).
        damaged: (R, models, corruptions, severities).
        recorded: (R, models, recorded conditions), in no mean over corruptions.
    """

    clean: Floats
    damaged: Floats
    recorded: Floats = field(default_factory=lambda: np.empty((1, 1, 0)))

    def mean_over_severities(self) -> Floats:
        """Mean over severities, (R, models, corruptions), as in the paper's Table VII."""
        return self._over_severities

    def mean_over_corruptions(self) -> Floats:
        """Mean over severities, then over corruptions, (R, models)."""
        return mean_of_present(self.mean_over_severities(), -1)

    def whole(self) -> Floats:
        """Severity 0 (clean) and the others in one array, (R, models, corruptions, 1 + severities)."""
        clean = np.broadcast_to(self.clean[:, :, None, None], (*self.damaged.shape[:3], 1))
        return np.concatenate((clean, self.damaged), axis=-1)

    @cached_property
    def _over_severities(self) -> Floats:
        # Every row of a table starts from these.
        return mean_of_present(self.damaged, -1)


@dataclass(frozen=True)
class Shape:
    """The conditions of a run, in order."""

    models: Sequence[str]
    corruptions: Sequence[str]
    severities: Sequence[int]
    recorded: Sequence[str] = ()

    def cube(self, keys: pd.DataFrame, values: Floats) -> ScoreArray:
        """Arrange values (R, len(keys)) by ``keys``: model, corruption, severity."""
        model = pd.Index(self.models).get_indexer(keys["model"])
        corruption = pd.Index(self.corruptions, dtype=object).get_indexer(keys["corruption"].astype(object))
        severity = pd.Index(self.severities, dtype=int).get_indexer(keys["severity"].astype(int))
        clean = np.full((len(values), len(self.models)), np.nan)
        damaged = np.full((*clean.shape, len(self.corruptions), len(self.severities)), np.nan)
        plain = np.flatnonzero((keys["corruption"] == CLEAN).to_numpy() & (model >= 0))
        clean[:, model[plain]] = values[:, plain]
        known = np.flatnonzero((model >= 0) & (corruption >= 0) & (severity >= 0))
        damaged[:, model[known], corruption[known], severity[known]] = values[:, known]
        recorded = np.full((*clean.shape, len(self.recorded)), np.nan)
        place = pd.Index(self.recorded, dtype=object).get_indexer(keys["corruption"].astype(object))
        taken = np.flatnonzero((model >= 0) & (place >= 0))
        recorded[:, model[taken], place[taken]] = values[:, taken]
        return ScoreArray(clean, damaged, recorded)


Codes = NDArray[np.intp]

_BLOCK = 4_000_000
"""Sums that are held at a time while resampling: 32 MB."""

_RECORDS = 1 << 14
"""Records whose statistics are held at a time."""


@dataclass(frozen=True)
class Estimate:
    """A value and the ends of its interval, arrays of one shape; the ends are NaN where no interval was asked for."""

    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class BootstrapResult:
    """A quantity of the run and of its resamples, in its unit.

    Attributes:
        point: of the run, first axis 1.
        draws: of the resamples; None without intervals.
        number, level: units resampled, share to be covered.
        top: the largest value of a share, 100 in percent; None for what is no share.
    """

    point: ScoreArray
    draws: ScoreArray | None
    number: int = 0
    level: float = 0.95
    top: float | None = None

    def scored(self, formula: Callable[[ScoreArray], Floats]) -> Estimate:
        """:meth:`spread` of a formula that is a mean of scores: a share keeps an interval at 0 and at 100 %."""
        found = self.spread(formula)
        if self.top is None:
            return found
        ends = clopper_pearson(found.value, (found.low, found.high), self.number, self.level, self.top)
        return Estimate(found.value, *ends)

    def spread(self, formula: Callable[[ScoreArray], Floats]) -> Estimate:
        """What a formula, Cube -> (R, ...), makes of the run, with its interval."""
        return spread(formula(self.point), None if self.draws is None else formula(self.draws), self.number, self.level)


def spread(point: Floats, draws: Floats | None, number: int, level: float) -> Estimate:
    """A value (1, ...) with the interval of its resamples (R, ...)."""
    if draws is None:
        nothing = np.full(point.shape[1:], np.nan)
        return Estimate(point[0], nothing, nothing)
    return Estimate(point[0], *interval(point[0], draws, number, level))


class ScoreEstimator:
    """Scores by condition of the records of one run.

    Args:
        frame: records, columns as in :mod:`robustbench_endo.results.schema`.
        families: what can be scored from them.
        shape: the conditions of the run.
        bootstrap: None for point estimates alone.

    Raises:
        RunError: no records.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        metric_groups: Sequence[MetricGroup],
        shape: Shape,
        bootstrap: Bootstrap | None = None,
    ) -> None:
        self.frame, self.metric_groups, self.shape, self.bootstrap = frame, metric_groups, shape, bootstrap
        grouped = frame.groupby(["model", "corruption", "severity"], sort=False, observed=True)
        self.codes: Codes = grouped.ngroup().to_numpy().astype(np.intp)
        first = ~grouped.cumcount().astype(bool)
        self.keys = frame.loc[first, ["model", "corruption", "severity"]].reset_index(drop=True)

    @cached_property
    def units(self) -> ResamplingUnits:
        """What is resampled."""
        return units(self.frame, self.bootstrap or Bootstrap())

    @cached_property
    def weights(self) -> Floats:
        """(resamples, units)."""
        return self.units.weights(self.bootstrap or Bootstrap())

    @property
    def names(self) -> list[str]:
        """The quantities, the defined ones first, in their order."""
        found = [name for family in self.metric_groups for name in family.names]
        return [name for name in METRICS if name in found] + [name for name in found if name not in METRICS]

    def counts(self) -> pd.DataFrame:
        """``images`` and ``invalid_predictions`` of each condition of ``keys``."""
        images = np.bincount(self.codes, minlength=len(self.keys))
        lost = np.bincount(self.codes[invalid_predictions(self.frame)], minlength=len(self.keys))
        return pd.DataFrame({"images": images, "unanswered": lost})

    def point(self, metric: str) -> Floats:
        """A quantity of the run at each condition of ``keys``, in its unit."""
        family = group_of_metric(self.metric_groups, metric)
        return self._scaled(metric, point_scores(family, self.frame, self.codes, len(self.keys))[metric])

    def draws(self, metrics: Sequence[str]) -> Iterator[tuple[str, Floats]]:
        """Each quantity of the resamples, (resamples, conditions), in its unit; those of a family follow each other."""
        for family in self.metric_groups:
            wanted = [name for name in family.names if name in metrics]
            if wanted:
                drawn = resampled_scores(
                    family, wanted, self.frame, self.codes, len(self.keys), self.units, self.weights
                )
                yield from ((name, self._scaled(name, drawn.pop(name))) for name in wanted)

    def sampled(self, metrics: Sequence[str]) -> Iterator[tuple[str, BootstrapResult]]:
        """Each quantity as cubes, with resamples when there is a bootstrap.

        Raises:
            RobustEndoError: a metric that the run does not hold.
        """
        points = {name: self.cube(self.point(name)[None]) for name in metrics}
        if self.bootstrap is None:
            yield from ((name, BootstrapResult(point, None)) for name, point in points.items())
            return
        for name, values in self.draws(metrics):
            yield (
                name,
                BootstrapResult(points[name], self.cube(values), self.units.number, self.bootstrap.level, top(name)),
            )

    def cube(self, values: Floats) -> ScoreArray:
        """Values (R, conditions of ``keys``) arranged."""
        return self.shape.cube(self.keys, values)

    @staticmethod
    def _scaled(metric: str, values: Floats) -> Floats:
        return values * METRICS[metric].scale if metric in METRICS else values


def top(metric: str) -> float | None:
    """The largest value of a metric that is a share, in its unit; None for any other."""
    quantity = METRICS.get(metric)
    return None if quantity is None or quantity.unit != "%" else quantity.scale


def point_scores(family: MetricGroup, frame: pd.DataFrame, codes: Codes, number: int) -> dict[str, Floats]:
    """The quantities of a family for each of ``number`` conditions; ``codes`` says which one a record belongs to."""
    sums = [_sums(family.statistics(frame.iloc[part]), codes[part], number) for part in _parts(codes)]
    return family.scores(np.sum(sums, axis=0))


def _sums(statistics: Floats, codes: Codes, number: int) -> Floats:
    return np.stack([np.bincount(codes, weights=column, minlength=number) for column in statistics.T])


def _parts(codes: Codes) -> list[slice]:
    """All records, a few at a time, where those of a condition stand together; a condition is never cut."""
    if len(codes) <= _RECORDS or (np.diff(codes) < 0).any():
        return [slice(None)]
    ends = np.unique(np.searchsorted(codes, codes[_RECORDS - 1 :: _RECORDS], side="right"))
    starts = [0, *ends.tolist()]
    return [slice(start, end) for start, end in zip(starts, [*starts[1:], len(codes)], strict=True) if start < end]


def resampled_scores(
    family: MetricGroup,
    names: Sequence[str],
    frame: pd.DataFrame,
    codes: Codes,
    number: int,
    units: ResamplingUnits,
    weights: Floats,
) -> dict[str, Floats]:
    """The quantities of a family in each resample, (resamples, number): weights times the sums of each unit."""
    statistics = family.statistics(frame)
    places = units.codes * number + codes
    sums = np.stack(
        [np.bincount(places, weights=column, minlength=units.number * number) for column in statistics.T]
    ).reshape(-1, units.number, number)
    table = np.ascontiguousarray(sums.swapaxes(0, 1)).reshape(units.number, -1)
    drawn = {name: np.empty((len(weights), number)) for name in names}
    block = max(1, _BLOCK // table.shape[1])
    for start in range(0, len(weights), block):
        some = slice(start, start + block)
        resampled = (weights[some] @ table).reshape(-1, len(sums), number).swapaxes(0, 1)
        scored = family.scores(resampled)
        for name in names:
            drawn[name][some] = scored[name]
    return drawn
