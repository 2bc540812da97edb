"""``results.failure_detection``: areas under risk-coverage curves and the like, by model, task and condition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics.aggregation import Codes, Floats
from robustbench_endo.results.failure_detection.risk_coverage import MEASURES, auroc, measure
from robustbench_endo.results.failures import invalid_predictions
from robustbench_endo.results.resampling import (
    Resampling,
    ResamplingUnits,
    clopper_pearson,
    jackknife_interval,
    resampling_units,
)
from robustbench_endo.results.schema import CLEAN
from robustbench_endo.tasks.base import Task

if TYPE_CHECKING:
    from robustbench_endo.results.results import Results

PROBABILITY = "probability"
"""Name of the confidence that every task has: the largest class probability, averaged over pixels."""

FAILURE, DICE = "failure", "dice"
"""The losses of a frame: 1 where its prediction failed, else 0; 1 - Dice, for masks only."""

ALL = "all"
"""The corruption of the rows over all corruptions at a severity, the first draw of each."""

COLUMNS = (*MEASURES, "auroc_corrupted")
"""The numbers of a row, in percent."""


@dataclass(frozen=True)
class Detection:
    """What failure detection sees of one model, task and loss: arrays (n,), one value per labelled record.

    Attributes:
        records: keys of the records.
        failed: 0 or 1.
        loss: in [0, 1].
        confidences: name -> confidence, -inf where the model gave no valid prediction or the score is not defined.
        units: resampling unit.
    """

    records: pd.DataFrame
    failed: Floats
    loss: Floats
    confidences: Mapping[str, Floats]
    units: Codes

    def select(self, rows: NDArray[np.bool_]) -> Detection:
        """The marked records only."""
        confidences = {name: values[rows] for name, values in self.confidences.items()}
        return Detection(self.records[rows], self.failed[rows], self.loss[rows], confidences, self.units[rows])


def confidence_columns(results: Results, task: Task) -> dict[str, str]:
    """The confidences of a task that a run records -> their columns; those that are nowhere defined are left out."""
    columns = {PROBABILITY: task.confidence_column}
    columns |= {name: f"{task.confidence_column}_{name}" for name in task.confidences}
    return {
        name: column
        for name, column in columns.items()
        if column in results.frame and results.frame[column].notna().any()
    }


def failure_detection(
    results: Results,
    confidences: str | Sequence[str] | None = None,
    thresholds: Mapping[str, float] | None = None,
    intervals: bool | Resampling = False,
    *,
    by_corruption: bool = True,
    losses: Sequence[str] = (FAILURE, DICE),
) -> pd.DataFrame:
    """How well confidence separates failures from successes: one row per model, task, loss, confidence and condition.

    Frames are accepted in the order of their confidence; a frame without a valid prediction, or without that
    confidence, is accepted last. All numbers are in percent: ``aurc`` and ``augrc`` (areas under the risk and the
    generalised risk by coverage, lower is better), ``excess_aurc`` (AURC less that of an ideal order),
    ``coverage_at_5_risk``, ``risk_at_80_coverage``, ``auroc_failures`` (50 is chance; only for the loss ``failure``)
    and ``auroc_corrupted`` (confidence on clean against that on corrupted frames).

    Args:
        results: the run.
        confidences: ``probability``, ``margin``, ``region``, ``boundary``, ``user``, or several; None for all that the
            run records.
        thresholds: task -> threshold of a failure, as in :meth:`Results.failures`.
        intervals: whether, and how, to compute intervals: each number is then followed by ``_low`` and ``_high``.
        by_corruption: with rows for each corruption, not only for clean frames and all corruptions by severity.
        losses: ``failure``, ``dice`` or both.

    Returns:
        Columns ``model``, ``task``, ``loss`` (``failure``: 0 or 1, ``dice``: 1 - Dice), ``confidence``, ``corruption``
        (``all`` for the frames of all corruptions at a severity, the first draw of each), ``severity``, ``frames``,
        ``failures``, ``undefined`` (frames without that confidence), and the numbers.

    Raises:
        RobustEndoError: a confidence or task that the run does not have, or a threshold outside 0 to 1.
        RunError: a model without clean records, or intervals of a run without frames.
    """
    names = [confidences] if isinstance(confidences, str) else confidences
    _check_confidences(results, names)
    settings = intervals if isinstance(intervals, Resampling) else Resampling()
    units = resampling_units(results.frame, settings)
    failed = results.failed_records(thresholds)
    rows = [
        row
        for model in results.models
        for task in reversed(results.tasks)
        for loss in losses
        if (part := detection(results, model, task, loss, names, failed, units)) is not None
        for row in _rows(results, part, units if intervals else None, settings, by_corruption=by_corruption)
    ]
    table = pd.DataFrame(rows)
    if intervals:
        table.attrs |= {"intervals": units.statement, "warning": units.warning}
    return table


def detection(
    results: Results,
    model: str,
    task: Task,
    loss: str,
    names: Sequence[str] | None,
    failed: pd.DataFrame,
    units: ResamplingUnits,
) -> Detection | None:
    """The labelled records of a model for one task and loss; None without any, or for a loss that the task lacks.

    Args:
        names: of confidences; None for all.
        failed: from :func:`.failure_records`.
        units: of the run.
    """
    outcome = failed[f"{task.name}_failed"].to_numpy(np.float64)
    rows = (failed["model"] == model).to_numpy() & np.isfinite(outcome)
    if not rows.any() or (loss == DICE and not task.has_label_map):
        return None
    frame, outcome = results.frame[rows], outcome[rows]
    invalid = invalid_predictions(frame, results.tasks)
    values = outcome
    if loss == DICE:
        values = np.where(invalid, 1.0, 1 - frame["dice_mean"].to_numpy(np.float64))
    columns = {
        name: column
        for name, column in confidence_columns(results, task).items()
        if (names is None or name in names) and frame[column].notna().any()
    }
    confidences = {name: _or_last(frame[column].to_numpy(np.float64), invalid) for name, column in columns.items()}
    keys = frame[["model", "corruption", "severity", "replicate"]].assign(task=task.name, loss=loss)
    return Detection(keys, outcome, np.clip(values, 0, 1), confidences, units.codes[rows])


def _or_last(confidence: NDArray[np.float64], invalid: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Accept invalid frames and those without confidence last."""
    return np.where(invalid | np.isnan(confidence), -np.inf, confidence)


def _check_confidences(results: Results, names: Sequence[str] | None) -> None:
    known = list(dict.fromkeys(name for task in reversed(results.tasks) for name in confidence_columns(results, task)))
    for name in names or ():
        if name not in known:
            raise RobustEndoError(
                f"Expected a confidence that the run records ({', '.join(known)}), got {name!r}: choose one of them."
            )


def _conditions(results: Results, by_corruption: bool) -> Iterator[tuple[str, float]]:
    yield CLEAN, 0
    if results.corruptions:
        yield from ((ALL, severity) for severity in results.severities)
    if by_corruption:
        yield from ((name, severity) for name in results.corruptions for severity in results.severities)
        recorded = results.frame[results.frame["corruption"].isin(results.recorded_conditions)]
        pairs = recorded[["corruption", "severity"]].drop_duplicates()
        yield from ((str(name), float(severity)) for name, severity in pairs.itertuples(index=False))


def select_condition(results: Results, records: pd.DataFrame, corruption: str, severity: float) -> NDArray[np.bool_]:
    """The records of a condition; of all corruptions at a severity (``all``) the first draws."""
    if corruption == ALL:
        rows = records["corruption"].isin(results.corruptions) & (records["replicate"] == 0)
    else:
        rows = records["corruption"] == corruption
    return np.asarray(rows & (records["severity"] == severity))


def _rows(
    results: Results, part: Detection, units: ResamplingUnits | None, settings: Resampling, *, by_corruption: bool
) -> Iterator[dict[str, Any]]:
    clean = part.select(select_condition(results, part.records, CLEAN, 0))
    for corruption, severity in _conditions(results, by_corruption):
        here = part.select(select_condition(results, part.records, corruption, severity))
        if not len(here.loss):
            continue
        first = here.records.iloc[0]
        for name, confidence in here.confidences.items():
            keys = {"model": first["model"], "task": first["task"], "loss": first["loss"], "confidence": name}
            counts = {
                "frames": len(here.loss),
                "failures": int(here.failed.sum()),
                "undefined": int(np.isneginf(confidence).sum()),
            }
            condition = {"corruption": corruption, "severity": severity}
            yield {**keys, **condition, **counts, **_numbers(here, clean, name, corruption, units, settings)}


def _numbers(
    here: Detection, clean: Detection, name: str, corruption: str, units: ResamplingUnits | None, settings: Resampling
) -> dict[str, float]:
    codes, number = (None, 0) if units is None else (here.units, units.number)
    table = measure(here.confidences[name], here.loss, codes, number)
    if corruption == CLEAN:
        corrupted = np.full(len(table), np.nan)
    else:
        both = np.concatenate((clean.confidences[name], here.confidences[name]))
        flags = np.arange(len(both)) >= len(clean.loss)
        codes = None if units is None else np.concatenate((clean.units, here.units))
        corrupted = auroc(both, flags, codes, number)
    values = 100 * np.column_stack((table, corrupted))
    if units is None:
        return dict(zip(COLUMNS, values[0].tolist(), strict=True))
    return _with_intervals(values, here, units, settings)


def _with_intervals(
    values: NDArray[np.float64], here: Detection, units: ResamplingUnits, settings: Resampling
) -> dict[str, float]:
    """Numbers of all units (first row) with the ends of their intervals, from those without each unit."""
    present = np.bincount(here.units, minlength=units.number) > 0
    left_out, sizes = values[1:][present], units.sizes[present]
    ends = jackknife_interval(values[0], left_out, sizes, settings.confidence, 100.0)
    low, high = clopper_pearson(values[0], ends, _trials(here, len(sizes)), settings.confidence, 100.0)
    numbers: dict[str, float] = {}
    for position, column in enumerate(COLUMNS):
        numbers |= {column: values[0, position], f"{column}_low": low[position], f"{column}_high": high[position]}
    return {column: float(value) for column, value in numbers.items()}


def _trials(here: Detection, number: int) -> Codes:
    """Units that a measure rests on: for the AUROC those with a failure, or with a success where these are fewer."""
    failing, succeeding = (len(np.unique(here.units[here.failed == outcome])) for outcome in (1, 0))
    return np.array([min(failing, succeeding) if name == "auroc_failures" else number for name in COLUMNS])
