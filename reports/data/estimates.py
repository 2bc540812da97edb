"""Every number of a report with its interval, from one pass over the resamples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustbench_endo.results.bootstrap import Bootstrap
from robustbench_endo.results.dataset_scores import Floats, mean_of_present
from robustbench_endo.results.estimates import BootstrapResult, Estimate, ScoreArray
from robustbench_endo.results.table import PARTS, severity_mean_table

if TYPE_CHECKING:
    from robustbench_endo.results import Results


HELD_OUT = "held_out"
"""The row (``mean``, ``held_out``) of a table: the mean over the corruptions that no model was trained on."""

DAGGER = "†"


def trained_on(results: Results) -> dict[str, frozenset[str]]:
    """Model -> corruptions of the run that it was trained on; nothing for a run that does not tell."""
    return {
        entry["name"]: frozenset(entry.get("trained_on") or ()) & set(results.corruptions)
        for entry in results.info["models"]
    }


def held_out(results: Results) -> list[str] | None:
    """The corruptions that no model of the run was trained on, in its order; None where no model saw any.

    One set for all models: means over different corruptions cannot be compared.
    """
    seen = frozenset().union(*trained_on(results).values())
    return [name for name in results.corruptions if name not in seen] if seen else None


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
    conditions: Mapping[str, Estimate]
    means: Mapping[str, Estimate]
    statement: str
    warning: str


def measure(results: Results, metrics: Sequence[str], bootstrap: Bootstrap = QUICK) -> Measured:
    """Score the run and its resamples.

    Raises:
        RobustEndoError: a metric that the run does not hold.
        RunError: a run without frames.
    """
    conditions: dict[str, Estimate] = {}
    means: dict[str, Estimate] = {}

    def watch(name: str, scores: BootstrapResult) -> None:
        conditions[name] = scores.scored(ScoreArray.whole)
        means[name] = scores.scored(mean_by_severity)

    table = mean_table(results, metrics, bootstrap, watch)
    return Measured(table, conditions, means, table.attrs["intervals"], table.attrs["warning"])


def mean_table(
    results: Results,
    metrics: Sequence[str],
    intervals: bool | Bootstrap = False,
    watch: Callable[[str, BootstrapResult], None] | None = None,
) -> pd.DataFrame:
    """:meth:`Results.table`, with a row (``mean``, ``held_out``) where models were trained on some of the corruptions.

    Args:
        watch: sees the scores of each metric while they pass, so that they are resampled once.

    Raises:
        RobustEndoError: a metric that the run does not hold.
        RunError: a run without frames.
    """
    sampler = results.sampler(intervals)
    names = held_out(results)
    places = [results.corruptions.index(name) for name in names or ()]
    rows: dict[tuple[str, ...], float] = {}

    def passing() -> Iterator[tuple[str, BootstrapResult]]:
        for name, scores in sampler.sampled(metrics):
            if watch is not None:
                watch(name, scores)
            if names is not None:
                found = scores.scored(lambda cube: _over(cube, places))
                rows.update(_cells(name, results.models, found, intervals=bool(intervals)))
            yield name, scores

    table = severity_mean_table(
        passing(),
        metrics,
        results.corruption_categories,
        results.models,
        results.recorded_conditions,
        intervals=bool(intervals),
    )
    if rows:
        table.loc[("mean", HELD_OUT), :] = pd.Series(rows).reindex(table.columns)
    if intervals:
        table.attrs |= {"intervals": sampler.units.statement, "warning": sampler.units.warning}
    return table


def _over(cube: ScoreArray, places: list[int]) -> Floats:
    return mean_of_present(cube.mean_over_severities()[:, :, places], -1)


def _cells(name: str, models: Sequence[str], found: Estimate, *, intervals: bool) -> dict[tuple[str, ...], float]:
    parts = PARTS if intervals else PARTS[:1]
    return {
        (name, model, part) if intervals else (name, model): float(getattr(found, part)[place])
        for place, model in enumerate(models)
        for part in parts
    }


def mean_by_severity(cube: ScoreArray) -> Floats:
    """Mean over corruptions at each severity, (R, models, 1 + severities), NaN where one of them is missing.

    A mean over other corruptions would be another mean.
    """
    whole = cube.whole()
    mean: Floats = whole.mean(axis=2) if whole.shape[2] else np.full((*whole.shape[:2], whole.shape[3]), np.nan)
    return mean
