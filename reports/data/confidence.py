"""Whether confidence can be trusted: bins of a reliability diagram, failures and silent failures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from robustbench_endo.errors import RunError
from robustbench_endo.metrics.aggregation import Floats, divide
from robustbench_endo.reports.data.aggregates import describe_failures
from robustbench_endo.reports.data.rows import table_rows
from robustbench_endo.reports.data.sample import describe_sample
from robustbench_endo.reports.data.scores import change_table, condition_table, model_columns
from robustbench_endo.reports.data.tables import Cell, Table
from robustbench_endo.results.failures import CONFIDENCE_QUANTILE, failure_metrics, undefined_silence
from robustbench_endo.results.schema import CLEAN
from robustbench_endo.tasks.base import ConfidenceBins, Task

if TYPE_CHECKING:
    from robustbench_endo.results import Resampling, Results

MIN_BIN_FRACTION = 0.002
"""Fraction of all predictions below which a bin is noise and left out of a diagram."""

MIN_BIN_FRAMES = 10
"""Different frames below which a bin is not on the line of a diagram: their predictions are too alike."""

MIN_SPARSE_FRAMES = 3
"""Different frames below which a bin is left out of a diagram."""


@dataclass(frozen=True)
class Reliability:
    """One model on some frames; bins of equal width of its confidence, arrays (15,).

    Attributes:
        count: number of predictions (pixels of a fixed sample of each frame, or frames) in the bin.
        confidence: their mean confidence in percent, NaN in an empty bin.
        accuracy: percentage of them that is correct, NaN in an empty bin.
        frames: number of different frames that have a prediction in the bin.
    """

    count: Floats
    confidence: Floats
    accuracy: Floats
    frames: Floats

    @property
    def error(self) -> float:
        """Expected calibration error of these bins, in percent; NaN without predictions."""
        gap = np.nansum(self.count * np.abs(self.accuracy - self.confidence))
        return float(gap / self.count.sum()) if self.count.sum() else float("nan")

    @property
    def visible(self) -> np.ndarray:
        """Which bins have enough predictions of enough frames for a diagram."""
        return np.asarray(self._frequent & (self.frames >= MIN_BIN_FRAMES))

    @property
    def sparse(self) -> np.ndarray:
        """Which bins have enough predictions, but of few frames: a diagram shows them apart from its line."""
        few = (self.frames < MIN_BIN_FRAMES) & (self.frames >= MIN_SPARSE_FRAMES)
        return np.asarray(self._frequent & few)

    @property
    def _frequent(self) -> np.ndarray:
        return np.asarray(self.count > MIN_BIN_FRACTION * self.count.sum())


@dataclass(frozen=True)
class TaskReliability:
    """The reliability of one task.

    Attributes:
        task: of the predictions.
        by_frames: ``Clean`` and ``Corrupted`` (all corruptions and severities together) -> model -> its bins.
    """

    task: Task
    by_frames: Mapping[str, Mapping[str, Reliability]]

    @property
    def empty(self) -> bool:
        """Whether there is no prediction with a confidence and a target."""
        return not any(line.count.sum() for lines in self.by_frames.values() for line in lines.values())


def reliability(results: Results, task: Task) -> TaskReliability:
    """The bins of every model for one task."""
    frame = results.frame
    parts = {"Clean": frame["corruption"] == CLEAN, "Corrupted": frame["corruption"].isin(results.corruptions)}
    return TaskReliability(
        task,
        {
            name: {
                model: _reliability(task.confidence_bins(frame[selected & (frame["model"] == model)]))
                for model in results.models
            }
            for name, selected in parts.items()
        },
    )


def calibration_table(results: Results, scores: Table) -> Table | None:
    """The expected calibration error of each task; None without one.

    Args:
        results: the run.
        scores: its table of scores.
    """
    metrics = [task.calibration_metric for task in results.tasks]
    change = f"clean frames → mean of all corruptions ({describe_sample(results)})"
    caption = f"Expected calibration error, lower is better: {change}"
    table = change_table(scores, "calibration", caption, metrics)
    return table if table.rows else None


def _reliability(bins: ConfidenceBins) -> Reliability:
    confidence, accuracy = (100 * divide(part, bins.count) for part in (bins.confidence, bins.correct))
    return Reliability(bins.count, confidence, accuracy, bins.frames)


@dataclass(frozen=True)
class SilentFailures:
    """Failures and silent failures of the tasks.

    Attributes:
        definition: when a prediction has failed, in words.
        percentile: of a model's confidence on clean frames, above which its failures are silent.
        tables: one per task with labels, a cell per model: silent failures / all failures.
        reason: why there are none; else empty.
        notes: of which models silent failures are not defined, and why.
    """

    definition: str
    percentile: float
    tables: tuple[Table, ...]
    reason: str = ""
    notes: tuple[str, ...] = ()


def silent_failures(
    results: Results, intervals: bool | Resampling, thresholds: Mapping[str, float] | None = None
) -> SilentFailures:
    """The tables of failures; without clean records of every model it says why there are none."""
    definition, percentile = describe_failures(results.tasks, thresholds), 100 * CONFIDENCE_QUANTILE
    try:
        scores = failure_scores(results, intervals, thresholds)
    except RunError as error:
        return SilentFailures(definition, percentile, (), str(error))
    tables = []
    for task in reversed(results.tasks):
        failed, silent = (scores.subset([f"{task.name}_{kind}"]) for kind in ("failed", "silent"))
        if any(math.isfinite(cell.value) for cell in failed.cells):
            caption = f"{task.plural.capitalize()}: silent failures / all failures (% of {describe_sample(results)})"
            tables.append(_pairs(task, caption, silent, failed))
    reason = "" if tables else "No frame is labelled for a task of this run."
    notes = tuple(undefined_silence(results.frame, results.tasks))
    return SilentFailures(definition, percentile, tuple(tables), reason, notes)


def failure_scores(
    results: Results, intervals: bool | Resampling = False, thresholds: Mapping[str, float] | None = None
) -> Table:
    """The failure rates as a table like that of the scores.

    Raises:
        RunError: a model without clean records.
    """
    frame = results.failures(thresholds, intervals)
    metrics = failure_metrics(results.tasks)
    table = condition_table(frame, metrics, table_rows(results), results.models, show_intervals=bool(intervals))
    caption = f"Failures under corruption (% of {describe_sample(results)})"
    remarks = tuple(undefined_silence(results.frame, results.tasks))
    return replace(table, name="failures", caption=caption, remarks=remarks)


def _pairs(task: Task, caption: str, silent: Table, failed: Table) -> Table:
    rows = tuple(
        replace(row, cells=_pair(row.cells, other.cells), keys={**row.keys, "task": task.name})
        for row, other in zip(silent.rows, failed.rows, strict=True)
    )
    return Table(f"failures-{task.name}", caption, "Condition", model_columns(silent.models), rows)


def _pair(silent: Sequence[Cell], failed: Sequence[Cell]) -> tuple[Cell, ...]:
    return tuple(
        replace(
            cell,
            text=f"{cell.text} / {other.text}",
            margin="",
            heat=cell.value / 100 if np.isfinite(cell.value) else None,
            strong=False,
        )
        for cell, other in zip(silent, failed, strict=True)
    )
