"""Every number of a report with its interval, from one pass over the resamples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustbench_endo.results.bootstrap import Bootstrap
from robustbench_endo.results.cube import Cube
from robustbench_endo.results.sampling import Sampled, Spread
from robustbench_endo.results.scoring import Floats, mean_of_present
from robustbench_endo.results.table import PARTS, severity_mean_table

from .training_data import HELD_OUT, held_out

if TYPE_CHECKING:
    from robustbench_endo.results import Results

QUICK = Bootstrap(resamples=2_000)
"""The intervals of a report that was asked for none: the ends move by less than a tenth of their distance."""


@dataclass(frozen=True)
class Measured:
    """Numbers with intervals, in the metric's unit, NaN where a condition is missing.

    Attributes:
        table: as :meth:`Results.table` with intervals; with a row (``mean``, ``held_out``) where models were trained on
            some of the corruptions.
        conditions: metric -> (models, corruptions, 1 + severities), clean first.
        means: metric -> (models, 1 + severities), the mean over corruptions; NaN where one of them is missing.
        statement: what was resampled, in one sentence.
        warning: why the intervals are to be read with care; empty when there is nothing to say.
    """

    table: pd.DataFrame
    conditions: Mapping[str, Spread]
    means: Mapping[str, Spread]
    statement: str
    warning: str


@dataclass
class _Watch:
    """Looks at the scores of each metric while they pass, so that they are resampled once."""

    unseen: Sequence[int] | None
    conditions: dict[str, Spread] = field(default_factory=dict)
    means: dict[str, Spread] = field(default_factory=dict)
    held_out: dict[str, Spread] = field(default_factory=dict)

    def passing(self, sampled: Iterator[tuple[str, Sampled]]) -> Iterator[tuple[str, Sampled]]:
        for name, scores in sampled:
            self.conditions[name] = scores.scored(Cube.whole)
            self.means[name] = scores.scored(mean_by_severity)
            if self.unseen is not None:
                self.held_out[name] = scores.scored(self._over_unseen)
            yield name, scores

    def _over_unseen(self, cube: Cube) -> Floats:
        return mean_of_present(cube.over_severities()[:, :, list(self.unseen or ())], -1)


def measure(results: Results, metrics: Sequence[str], bootstrap: Bootstrap = QUICK) -> Measured:
    """Score the run and its resamples.

    Raises:
        RobustEndoError: a metric that the run does not hold.
        RunError: a run without frames.
    """
    sampler = results.sampler(bootstrap)
    names = held_out(results)
    watch = _Watch(None if names is None else [results.corruptions.index(name) for name in names])
    table = severity_mean_table(
        watch.passing(sampler.sampled(metrics)),
        metrics,
        results.corruption_groups,
        results.models,
        results.real_conditions,
        intervals=True,
    )
    if names is not None:
        row = {
            (name, model, part): float(getattr(found, part)[place])
            for name, found in watch.held_out.items()
            for place, model in enumerate(results.models)
            for part in PARTS
        }
        table.loc[("mean", HELD_OUT), :] = pd.Series(row).reindex(table.columns)
    return Measured(table, watch.conditions, watch.means, sampler.units.statement, sampler.units.warning)


def mean_by_severity(cube: Cube) -> Floats:
    """Mean over corruptions at each severity, (R, models, 1 + severities), NaN where one of them is missing.

    A mean over other corruptions would be another mean.
    """
    whole = cube.whole()
    mean: Floats = whole.mean(axis=2) if whole.shape[2] else np.full((*whole.shape[:2], whole.shape[3]), np.nan)
    return mean
