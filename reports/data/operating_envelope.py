"""Up to which severity each model clears a threshold: the safe operating range, and what it retains above the floor."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.curves import severity_curves
from robustbench_endo.reports.data.metrics import leading_metric, metrics_present
from robustbench_endo.reports.data.sample import describe_sample
from robustbench_endo.reports.data.scores import model_columns
from robustbench_endo.reports.data.tables import PLAIN, Cell, Column, Row, Table
from robustbench_endo.reports.formatting import MISSING, joined, number, title, with_unit
from robustbench_endo.results.metrics import split_label
from robustbench_endo.results.severity import as_severity
from robustbench_endo.tasks.base import Task

if TYPE_CHECKING:
    from robustbench_endo.reports.data.estimates import ReportEstimates
    from robustbench_endo.results import Resampling, Results

DEFAULT_THRESHOLD = 0.8
"""Fraction of the best clean score that is the threshold of a report where none is given."""

BOUND = "Based on the worst-case confidence bound."
POINT = "Based on the numbers of these frames: one subject has no confidence bound."

RETAINED_FRACTION = 0.9
"""Fraction of its clean score above the floor that a model has to retain."""


@dataclass(frozen=True)
class OperatingEnvelope:
    """The safe operating range by one metric.

    Attributes:
        metric: what has to clear the threshold.
        threshold: in the unit of the metric.
        table: one row per corruption, one cell per model with the largest safe severity as its level.
        bound: whether a confidence bound clears the threshold; False for one subject, whose numbers have none.
    """

    metric: Metric
    threshold: float
    table: Table
    bound: bool


def operating_envelope(
    results: Results, estimates: ReportEstimates, intervals: bool | Resampling
) -> OperatingEnvelope | None:
    """The range at 80 % of the best clean score; None for a run without a metric where higher is better.

    The metric is that which the leading task declares for it, the Dice of the worst class, else the headline.
    """
    metric = envelope_metric(results)
    if metric is None or not metric.higher_is_better or not results.severities or not results.corruptions:
        return None
    clean = estimates.conditions[metric.name].value[:, 0, 0]
    if not np.isfinite(clean).any() or not np.nanmax(clean) > 0:
        return None
    best = float(np.nanmax(clean))
    # A round number, as a user would type it.
    threshold = float(math.floor(DEFAULT_THRESHOLD * best)) if best >= 2 else DEFAULT_THRESHOLD * best
    table = envelope_table(results, {metric.name: threshold / metric.scale}, intervals)
    return OperatingEnvelope(metric, threshold, table, BOUND in table.remarks)


def envelope_metric(results: Results) -> Metric | None:
    """The metric of the default envelope; None for a run without numbers."""
    leading, present = leading_metric(results), metrics_present(results)
    names = [task.envelope_metric for task in results.tasks if leading is not None and task.name == leading.task]
    return next((results.metric(name) for name in names if name in present), leading)


def envelope_table(results: Results, thresholds: Mapping[str, float], intervals: bool | Resampling) -> Table:
    """The largest safe severity of each corruption and model, the distortion there, and what fails next.

    Where a threshold on a mean over classes holds, although a class is below it, a remark names the class.

    Args:
        results: the run.
        thresholds, intervals: as :meth:`Results.envelope`.
    """
    frame = results.envelope(thresholds, intervals)
    records = {(record.corruption, record.model): record for record in frame.itertuples()}
    hidden = [_HiddenClasses.of(results, results.metric(name), limit) for name, limit in thresholds.items()]

    def cell(corruption: str, model: str) -> Cell:
        record = records[corruption, model]
        if pd.isna(record.severity):
            return _envelope_cell(results, record, [])
        classes = [each.worst(model, corruption, as_severity(record.severity)) for each in hidden]
        return _envelope_cell(results, record, [text for text in classes if text])

    rows = tuple(
        Row(
            PLAIN,
            title(corruption),
            tuple(cell(corruption, model) for model in results.models),
            {"corruption": corruption},
        )
        for corruption in results.corruptions
    )
    requirement = describe_thresholds(results, thresholds)
    caption = f"Safe up to severity: {requirement} ({describe_sample(results)})"
    worst = {task.envelope_metric for task in results.tasks}
    labels = absent_labels(results) if worst & set(thresholds) else []
    absent = [f"Not counted, because no mask of the run shows it: {joined(labels)}."] if labels else []
    remarks = (BOUND if frame.attrs["bound"] else POINT, *absent)
    statement, warning = frame.attrs["intervals"], frame.attrs["warning"]
    return Table(
        "envelope", caption, "Corruption", model_columns(results.models), rows, False, statement, warning, "", remarks
    )


def absent_labels(results: Results) -> list[str]:
    """The classes but the background that no mask of the run shows."""
    return [
        str(split_label(name)[1])
        for task in results.tasks
        for name in _foreground(results, task)
        if results.floor(name) is None
    ]


def _foreground(results: Results, task: Task) -> list[str]:
    """Names of the class metrics of a task but that of the background."""
    metrics = task.label_metrics(results.labels[task.name])
    return [metric.name for metric in metrics if split_label(metric.name)[0] == task.label_metric][1:]


@dataclass(frozen=True)
class _HiddenClasses:
    """The scores of single classes behind a threshold on their mean.

    Attributes:
        results: the run.
        limit: the threshold in the unit of the metric.
        scores: metric of a class that a mask of the run shows -> (models, corruptions, 1 + severities).
    """

    results: Results
    limit: float
    scores: Mapping[str, Floats]

    @classmethod
    def of(cls, results: Results, metric: Metric, threshold: float) -> _HiddenClasses:
        """Without scores for a metric that is no mean over classes."""
        classes = [m.name for m in results.metrics if metric.label_metric and split_label(m.name)[1] is not None]
        names = [name for name in classes if split_label(name)[0] == metric.label_metric][1:]
        present = [name for name in names if results.floor(name) is not None]
        scores = {name: each.point.with_clean()[0] for name, each in results.estimator().results(present)}
        return cls(results, threshold * metric.scale, scores)

    def worst(self, model: str, corruption: str, severity: float) -> str:
        """``Dice of tip only 11.7 %``, of the worst class where it is below the threshold; else empty."""
        results = self.results
        position = results.models.index(model), results.corruptions.index(corruption)
        step = [0, *results.severities].index(severity)
        values = {name: float(array[(*position, step)]) for name, array in self.scores.items()}
        below = {name: value for name, value in values.items() if value < self.limit}
        if not below:
            return ""
        name = min(below, key=below.__getitem__)
        return f"{results.metric(name).label} only {with_unit(below[name])}"


def describe_thresholds(results: Results, thresholds: Mapping[str, float]) -> str:
    """``mIoU ≥ 80 % and HD95 ≤ 12 px``."""
    words = []
    for metric, threshold in ((results.metric(name), value) for name, value in thresholds.items()):
        sign = "≥" if metric.higher_is_better else "≤"
        words.append(f"{metric.label} {sign} {threshold * metric.scale:g} {metric.unit}".strip())
    return " and ".join(words)


def _envelope_cell(results: Results, record: Any, hidden: Sequence[str]) -> Cell:
    labels = {metric.name: metric.label for metric in results.metrics}
    limits = [labels.get(name, name) for name in record.limit.split(", ") if name]
    borderline = ["borderline"] if record.borderline else []
    remarks = (*hidden, *borderline, *([f"limit: {', '.join(limits)}"] if limits else []))
    if pd.isna(record.severity):
        return Cell("not even clean", remarks=remarks, level=0)
    severity = as_severity(record.severity)
    if not severity:
        return Cell("clean only", remarks=remarks, level=0)
    return Cell(f"to {severity}", detail=f"distortion {number(record.distortion)}", remarks=remarks, level=severity)


@dataclass(frozen=True)
class RelativeRobustness:
    """Up to which severity each model retains a fraction of its own clean score, counted above the floor.

    Attributes:
        metric: what is retained.
        fraction: of the clean score above the floor, at this severity and every weaker one.
        floor: name of the floor; empty for a metric without one, whose score is counted from 0.
        table: one row per corruption; the clean score is below the name of each model.
    """

    metric: Metric
    fraction: float
    floor: str
    table: Table


def relative_robustness(results: Results, fraction: float = RETAINED_FRACTION) -> RelativeRobustness | None:
    """The table of the leading metric; None for a run without a metric where higher is better."""
    metric = leading_metric(results)
    if metric is None or not metric.higher_is_better or not results.severities:
        return None
    curves = severity_curves(results, metric.name)

    def cell(panel: str, values: Floats) -> Cell:
        floor = curves.floor.get(panel, np.zeros_like(values))
        return _retained_cell(values - floor, curves.severities, fraction)

    rows = tuple(
        Row(PLAIN, title(panel), tuple(cell(panel, values) for values in lines.values()), {"corruption": panel})
        for panel, lines in curves.lines.items()
        if panel != "mean"
    )
    columns = tuple(
        Column(model, model, detail=f"clean {with_unit(float(values[0]), metric.unit)}")
        for model, values in curves.lines["mean"].items()
    )
    above = ""
    if curves.floor:
        above = f" above {curves.floor_name} ({with_unit(float(curves.floor['mean'][0]), metric.unit)})"
    caption = (
        f"Severity up to which at least {100 * fraction:.0f} % of the model's own clean {metric.label}{above} is "
        f"retained ({describe_sample(results)})"
    )
    table = Table("relative", caption, "Corruption", columns, rows)
    return RelativeRobustness(metric, fraction, curves.floor_name, table)


def _retained_cell(above: Floats, severities: tuple[float, ...], fraction: float) -> Cell:
    """A cell from the scores above the floor; no number where clean is not above it."""
    if np.isnan(above).any() or not above[0] > 0:
        return Cell(MISSING)
    retained = np.logical_and.accumulate(above >= fraction * above[0])
    severity = severities[int(retained.sum()) - 1]
    return Cell(f"to {severity}" if severity else "none", float(severity), level=severity)
