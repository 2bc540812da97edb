"""Failure points in reports: at which severity frames fail first, by corruption and model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_endo.reports.data.sample import describe_sample
from robustbench_endo.reports.data.scores import model_columns
from robustbench_endo.reports.data.tables import PLAIN, Cell, Row, Table
from robustbench_endo.reports.formatting import MISSING, title
from robustbench_endo.results.failure_points import ABOVE, BELOW, STRONGEST, WEAKEST

if TYPE_CHECKING:
    from robustbench_endo.results import Resampling, Results

RESAMPLES = 1000

FAILURE_POINTS_NOTE = (
    "Each frame was evaluated at further severities, by bisection, to find where its score first crosses the "
    "threshold: the first crossing among the severities of the run, to within 0.1. A frame that recovers at a higher "
    "severity counts from its first failure. Each cell: the median over frames, its interval by subject (bootstrap), "
    "the frames that fail at severity 1 already (< 1) and those that pass at severity 5 (> 5)."
)

Floats = NDArray[np.float64]


def failure_point_tables(results: Results, resampling: Resampling) -> list[Table]:
    """One table, rows are corruptions and columns models; none for a run without failure points."""
    points = results.failure_points
    if points is None or points.empty:
        return []
    name, threshold = str(points["metric"].iloc[0]), float(points["threshold"].iloc[0])
    metric = results.metric(name)
    values = points["severity"].mask(points["censored"] == BELOW, -math.inf)
    values = values.mask(points["censored"] == ABOVE, math.inf)
    unit = "subject_id" if resampling.unit == "subject" else "image_id"
    groups = points.assign(value=values, unit=points[unit]).groupby(["corruption", "model"], observed=True, sort=False)
    by_key = dict(list(groups))
    rows = [
        Row(
            PLAIN,
            title(corruption),
            tuple(_cell(by_key.get((corruption, model)), resampling) for model in results.models),
            {"metric": name, "corruption": corruption, "statistic": "failure_point", "unit": "severity"},
        )
        for corruption in results.corruptions
    ]
    sign = "<" if metric.higher_is_better else ">"
    limit = f"{metric.label} {sign} {threshold * metric.scale:g} {metric.unit}".strip()
    caption = f"Failure points: severity at which a frame first has {limit} ({describe_sample(results)})"
    columns = model_columns(results.models)
    return [Table("failure-points", caption, "Corruption", columns, tuple(rows), remarks=(FAILURE_POINTS_NOTE,))]


def _cell(points: pd.DataFrame | None, resampling: Resampling) -> Cell:
    if points is None:
        return Cell(MISSING)
    values = points["value"].to_numpy(np.float64)
    median = lower_median(values)
    below, above = (float(np.mean(points["censored"] == each)) for each in (BELOW, ABOVE))
    detail = f"{100 * below:.0f} % < 1, {100 * above:.0f} % > 5"
    ends = median_interval(values, points["unit"].to_numpy(), resampling)
    if ends is not None:
        detail = f"{_text(ends[0])} to {_text(ends[1])}; {detail}"
    return Cell(_text(median), min(max(median, WEAKEST), STRONGEST), detail=detail)


def lower_median(values: Floats) -> float:
    """The lower of the middle values: a severity of the data even where half of them are infinite.

    >>> lower_median(np.array([2.0, np.inf, 1.5, np.inf]))
    2.0
    """
    return float(np.sort(values)[(len(values) - 1) // 2])


def median_interval(values: Floats, units: NDArray[np.object_], resampling: Resampling) -> tuple[float, float] | None:
    """Percentile interval of the median over bootstrap samples of the units; None for fewer than two."""
    codes, names = pd.factorize(units)
    if len(names) < 2:
        return None
    order = np.argsort(values, kind="stable")
    counts = np.random.default_rng(resampling.seed).multinomial(
        len(names), np.full(len(names), 1 / len(names)), RESAMPLES
    )
    weights = np.cumsum(counts[:, codes[order]], axis=1)
    position = (weights < (weights[:, -1:] + 1) // 2).sum(1)
    medians = np.sort(values[order][position])
    tail = (1 - resampling.confidence) / 2
    last = RESAMPLES - 1
    return float(medians[math.floor(tail * last)]), float(medians[math.ceil((1 - tail) * last)])


def _text(severity: float) -> str:
    if math.isinf(severity):
        return "< 1" if severity < 0 else "> 5"
    return f"{severity:.1f}"
