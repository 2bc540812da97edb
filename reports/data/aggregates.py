"""Tables of summary metrics: one number per model over all conditions of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.metrics import heading
from robustbench_endo.reports.data.sample import describe_sample
from robustbench_endo.reports.data.scores import model_columns, number_cell
from robustbench_endo.reports.data.tables import PLAIN, Cell, Row, Table
from robustbench_endo.reports.formatting import title
from robustbench_endo.results.estimates import PARTS
from robustbench_endo.results.failures import check_failure_thresholds, failure_metrics, undefined_silence
from robustbench_endo.results.joint_failures import joint_failure_names
from robustbench_endo.results.robustness import AGGREGATES
from robustbench_endo.tasks.base import Task

if TYPE_CHECKING:
    from robustbench_endo.results import Resampling, Results


def aggregate_tables(
    results: Results,
    metrics: Sequence[str],
    baseline: str | None = None,
    intervals: bool | Resampling = False,
) -> list[Table]:
    """The aggregates of :meth:`Results.robustness`, one table per metric; none without metrics."""
    if not metrics:
        return []
    frame = results.robustness(metrics, baseline, intervals)
    tables = []
    for metric in map(results.metric, metrics):
        rows = [
            _row(
                _label(metric, key),
                values,
                results.models,
                _unit(metric, key),
                {"metric": metric.name, "aggregate": key},
            )
            for (name, key), values in frame.iterrows()
            if name == metric.name
        ]
        caption = f"{heading(metric)}: summary metrics ({describe_sample(results)})"
        tables.append(_table(f"robustness-{metric.name}", caption, rows, results.models, frame, bool(intervals)))
    return tables


def failure_summary(
    results: Results,
    thresholds: Mapping[str, float] | None = None,
    intervals: bool | Resampling = False,
) -> Table:
    """How often each task fails, and fails silently, on clean and on corrupted frames.

    Args:
        results: the run.
        thresholds, intervals: as :meth:`Results.failures`.

    Raises:
        RunError: a model without clean records.
    """
    frame = results.failures(thresholds, intervals)
    conditions = [
        (key, words)
        for key, words in ((("clean", "clean"), "clean"), (("mean", "all"), "corrupted"))
        if key in frame.index
    ]
    rows = [
        _row(
            f"{metric.label}, {words}",
            frame.loc[key, metric.name],
            results.models,
            "%",
            {"metric": metric.name, "frames": words},
        )
        for metric in failure_metrics(results.tasks)
        for key, words in conditions
    ]
    caption = f"Failures (% of {describe_sample(results)}; {describe_failures(results.tasks, thresholds)})"
    table = _table("failures", caption, rows, results.models, frame, bool(intervals))
    return replace(table, remarks=tuple(undefined_silence(results.frame, results.tasks)))


def describe_failures(tasks: Sequence[Task], thresholds: Mapping[str, float] | None = None) -> str:
    """When the prediction of each task fails: ``a mask fails below a Dice of 0.5, the activity ...``."""
    values = check_failure_thresholds(tasks, thresholds)
    return ", ".join(task.describe_failure(values[task.name]) for task in reversed(tasks))


def joint_failure_table(
    results: Results,
    thresholds: Mapping[str, float] | None = None,
    intervals: bool | Resampling = False,
) -> Table | None:
    """Whether the two leading tasks fail on the same frames; None for a run of one task or without corruptions."""
    if len(results.tasks) < 2 or not results.corruptions:
        return None
    frame = results.joint_failures(thresholds, intervals)
    second, first = results.tasks[-2:]
    labels = (
        "Neither fails",
        f"Only the {first.noun} fails",
        f"Only the {second.noun} fails",
        "Both fail",
        "Correlation of failures (phi)",
    )
    rows = []
    for name, label in zip((*joint_failure_names(first, second), "phi"), labels, strict=True):
        part = frame[name]
        values = part.stack() if isinstance(part, pd.DataFrame) else part
        rows.append(_row(label, values, results.models, "" if name == "phi" else "%", {"joint": name}))
    caption = f"Joint failures of the tasks (% of corrupted frames; {describe_sample(results)})"
    return _table("joint-failures", caption, rows, results.models, frame, bool(intervals))


def _label(metric: Metric, key: str) -> str:
    if key.startswith("mean_"):
        return f"Mean of {title(key.removeprefix('mean_')).lower()}"
    unit = AGGREGATES[key].unit
    return AGGREGATES[key].label if unit in (None, metric.unit) else f"{AGGREGATES[key].label} ({unit})"


def _unit(metric: Metric, key: str) -> str:
    unit = None if key.startswith("mean_") else AGGREGATES[key].unit
    return metric.unit if unit is None else unit


def _row(label: str, values: pd.Series, models: Sequence[str], unit: str, keys: Mapping[str, str]) -> Row:
    return Row(PLAIN, label, tuple(_cell(values, model, unit) for model in models), {**keys, "unit": unit})


def _cell(values: pd.Series, model: str, unit: str) -> Cell:
    has_intervals = values.index.nlevels > 1
    parts = [float(values[model, part]) for part in PARTS] if has_intervals else [float(values[model])]
    value, low, high = (*parts, float("nan"), float("nan"))[:3]
    return number_cell(value, low, high, unit, show_interval=has_intervals)


def _table(
    name: str, caption: str, rows: Iterable[Row], models: Sequence[str], frame: pd.DataFrame, show_intervals: bool
) -> Table:
    statement, warning = (frame.attrs.get(key, "") for key in ("intervals", "warning"))
    return Table(name, caption, "", model_columns(models), tuple(rows), show_intervals, statement, warning)
