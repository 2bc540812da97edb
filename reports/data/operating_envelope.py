"""Up to which severity each model clears a threshold: the safe operating range, and robustness relative to clean."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.curves import severity_curves
from robustbench_endo.reports.data.metrics import leading_metric
from robustbench_endo.reports.data.scores import model_columns
from robustbench_endo.reports.data.tables import PLAIN, Cell, Column, Row, Table
from robustbench_endo.reports.formatting import MISSING, number, title, with_unit

if TYPE_CHECKING:
    from robustbench_endo.reports.data.estimates import ReportEstimates
    from robustbench_endo.results import Bootstrap, Results

DEFAULT_THRESHOLD = 0.8
"""Fraction of the best clean score that is the threshold of a report where none is given."""

RETAINED_FRACTION = 0.9
"""Fraction of its clean score that a model has to retain."""


@dataclass(frozen=True)
class OperatingEnvelope:
    """The safe operating range by one metric.

    Attributes:
        metric: what has to clear the threshold.
        threshold: in the unit of the metric.
        table: one row per corruption, one cell per model with the largest safe severity as its level.
    """

    metric: Metric
    threshold: float
    table: Table


def operating_envelope(
    results: Results, estimates: ReportEstimates, intervals: bool | Bootstrap
) -> OperatingEnvelope | None:
    """The range of the leading metric at 80 % of the best clean score; None for a run without such a metric."""
    metric = leading_metric(results)
    if metric is None or not metric.higher_is_better or not results.severities or not results.corruptions:
        return None
    clean = estimates.conditions[metric.name].value[:, 0, 0]
    if not np.isfinite(clean).any() or not np.nanmax(clean) > 0:
        return None
    best = float(np.nanmax(clean))
    # A round number, as a user would type it.
    threshold = float(math.floor(DEFAULT_THRESHOLD * best)) if best >= 2 else DEFAULT_THRESHOLD * best
    table = envelope_table(results, {metric.name: threshold / metric.scale}, intervals)
    return OperatingEnvelope(metric, threshold, table)


def envelope_table(results: Results, thresholds: Mapping[str, float], intervals: bool | Bootstrap) -> Table:
    """The largest safe severity of each corruption and model, the distortion there, and what fails next.

    Args:
        results: the run.
        thresholds, intervals: as :meth:`Results.envelope`.
    """
    frame = results.envelope(thresholds, intervals)
    records = {(record.corruption, record.model): record for record in frame.itertuples()}
    rows = tuple(
        Row(PLAIN, title(corruption), tuple(_envelope_cell(results, records[corruption, m]) for m in results.models))
        for corruption in results.corruptions
    )
    requirement = describe_thresholds(results, thresholds)
    caption = f"Safe up to severity: {requirement}"
    attributes = frame.attrs["intervals"], frame.attrs["warning"]
    return Table("envelope", caption, "Corruption", model_columns(results.models), rows, False, *attributes)


def describe_thresholds(results: Results, thresholds: Mapping[str, float]) -> str:
    """``mIoU ≥ 80 % and HD95 ≤ 12 px``."""
    words = []
    for metric, threshold in ((results.metric(name), value) for name, value in thresholds.items()):
        sign = "≥" if metric.higher_is_better else "≤"
        words.append(f"{metric.label} {sign} {threshold * metric.scale:g} {metric.unit}".strip())
    return " and ".join(words)


def _envelope_cell(results: Results, record: Any) -> Cell:
    labels = {metric.name: metric.label for metric in results.metrics}
    limits = [labels.get(name, name) for name in record.limit.split(", ") if name]
    remarks = (f"limit: {', '.join(limits)}",) if limits else ()
    if pd.isna(record.severity):
        return Cell("not even clean", remarks=remarks, level=0)
    severity = int(record.severity)
    if not severity:
        return Cell("clean only", remarks=remarks, level=0)
    return Cell(f"to {severity}", detail=f"distortion {number(record.distortion)}", remarks=remarks, level=severity)


@dataclass(frozen=True)
class RelativeRobustness:
    """Up to which severity each model retains a fraction of its own clean score.

    Attributes:
        metric: what is retained.
        fraction: of the clean score, at this severity and every weaker one.
        table: one row per corruption; the clean score is below the name of each model.
    """

    metric: Metric
    fraction: float
    table: Table


def relative_robustness(results: Results, fraction: float = RETAINED_FRACTION) -> RelativeRobustness | None:
    """The table of the leading metric; None for a run without a metric where higher is better."""
    metric = leading_metric(results)
    if metric is None or not metric.higher_is_better or not results.severities:
        return None
    curves = severity_curves(results, metric.name)
    rows = tuple(
        Row(PLAIN, title(panel), tuple(_retained_cell(v, curves.severities, fraction) for v in lines.values()))
        for panel, lines in curves.lines.items()
        if panel != "mean"
    )
    columns = tuple(
        Column(model, model, detail=f"clean {with_unit(float(values[0]), metric.unit)}")
        for model, values in curves.lines["mean"].items()
    )
    caption = (
        f"Severity up to which at least {100 * fraction:.0f} % of the model's own clean {metric.label} is retained"
    )
    return RelativeRobustness(metric, fraction, Table("relative", caption, "Corruption", columns, rows))


def _retained_cell(values: Floats, severities: tuple[int, ...], fraction: float) -> Cell:
    if np.isnan(values).any():
        return Cell(MISSING)
    retained = np.logical_and.accumulate(values >= fraction * values[0])
    severity = severities[int(retained.sum()) - 1]
    return Cell(f"to {severity}" if severity else "none", float(severity), level=severity)
