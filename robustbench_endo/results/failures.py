"""Failed frames, silent failures (confident and wrong), and whether two tasks fail on the same frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.metrics.base import Metric
from robustbench_endo.results.metrics import MetricGroup, metric_groups
from robustbench_endo.results.schema import CLEAN, KEYS
from robustbench_endo.tasks.base import Task

CONFIDENCE_QUANTILE = 0.1
"""A prediction is confident above this quantile of the model's own confidence on clean frames."""

MIN_CONFIDENT = 0.8
"""Fraction of the clean frames, less one frame, that have to be confident; 0.9 of them are without ties. With fewer,
many frames share the confidence of the quantile (a constant confidence, a saturated network): it then separates
nothing, and silent failures are not defined."""

CONFIDENCE_RESOLUTION = 1e-6
"""Confidences that differ by less are equal: the rounding of float32 close to 1."""


class FailureRate(Metric):
    """Share of frames on which a task fails, or fails silently.

    Args:
        task: that fails.
        silent: count only confident failures.
    """

    unit = "%"
    higher_is_better = False

    def __init__(self, task: Task, *, silent: bool) -> None:
        kind = "silent" if silent else "failed"
        self.name = f"{task.name}_{kind}"
        self.task = task.name
        self.label = f"Silent {task.noun} failures" if silent else f"{task.noun.capitalize()} failures"
        self.description = (
            "Share of frames whose prediction failed while its confidence was above the model's own 10th percentile on "
            "clean frames."
            if silent
            else "Share of frames whose prediction failed; a frame without a valid prediction has failed."
        )
        super().__init__()


def failure_metrics(tasks: Sequence[Task]) -> list[Metric]:
    """The failure rates of some tasks, the leading (last) one first: all failures, then silent ones."""
    return [FailureRate(task, silent=silent) for task in reversed(tasks) for silent in (False, True)]


def failure_groups(tasks: Sequence[Task]) -> list[MetricGroup]:
    """The failure rates as means of the columns of :func:`failure_records`."""
    return metric_groups(failure_metrics(tasks), {})


def check_failure_thresholds(tasks: Sequence[Task], thresholds: Mapping[str, float] | None) -> dict[str, float]:
    """Threshold of each task: that in ``thresholds`` or the task's default.

    Raises:
        RobustEndoError: a threshold for a task that the run does not have, or outside its range.
    """
    custom = dict(thresholds or {})
    names = [task.name for task in tasks]
    for name, threshold in custom.items():
        if name not in names:
            raise RobustEndoError(f"Expected a task of the run ({', '.join(names)}), got {name!r}: choose one of them.")
        if not 0 < threshold <= 1:
            raise RobustEndoError(
                f"Expected a failure threshold above 0 and at most 1, got {threshold:g}: write 0.5 for 50 %."
            )
    return {task.name: custom.get(task.name, task.failure_threshold) for task in tasks}


def failure_records(frame: pd.DataFrame, tasks: Sequence[Task], thresholds: Mapping[str, float]) -> pd.DataFrame:
    """The keys of the records with columns ``<task>_failed`` and ``<task>_silent``: 0, 1, or NaN without a score.

    Raises:
        RunError: a model without records on clean frames, on which its confidence threshold is computed.
    """
    records = frame[list(KEYS)].copy()
    invalid = invalid_predictions(frame, tasks)
    for task in tasks:
        failed = task.failed(frame, thresholds[task.name])
        # A frame without a valid prediction has failed if the model has the task and the frame is labelled.
        failed = np.where(invalid & task.has_target(frame) & _has_task(frame, task), 1.0, failed)
        confidence = frame[task.confidence_column].to_numpy(np.float64)
        limit = np.asarray(frame["model"].map(confidence_limits(frame, task)), np.float64)
        silent = (failed == 1) & (confidence > limit) & ~invalid
        records[f"{task.name}_failed"] = failed
        records[f"{task.name}_silent"] = np.where(np.isnan(failed) | np.isnan(limit), np.nan, silent)
    return records


def invalid_predictions(frame: pd.DataFrame, tasks: Sequence[Task]) -> NDArray[np.bool_]:
    """Records for which a model gave NaN or infinite logits: no task has a confidence. (n,)."""
    invalid: NDArray[np.bool_] = frame[[task.confidence_column for task in tasks]].isna().all(axis=1).to_numpy()
    return invalid


def _has_task(frame: pd.DataFrame, task: Task) -> NDArray[np.bool_]:
    """Whether the model of a record has ever predicted the task, (n,)."""
    models = frame.loc[frame[task.confidence_column].notna(), "model"].unique()
    flags: NDArray[np.bool_] = frame["model"].isin(models).to_numpy()
    return flags


def confidence_limits(frame: pd.DataFrame, task: Task) -> dict[str, float]:
    """Model -> the confidence above which a prediction of it is confident; NaN where its confidences do not allow one.

    Raises:
        RunError: a model without records on clean frames.
    """
    clean = frame[frame["corruption"] == CLEAN]
    missing = sorted(set(frame["model"].unique()) - set(clean["model"].unique()))
    if missing:
        raise RunError(
            f"Expected records on clean frames of every model, got none of {missing[0]}: its confidence threshold is "
            "computed on them, so evaluate it on clean frames."
        )
    by_model = clean.groupby("model", observed=True)[task.confidence_column]
    return {str(model): confidence_limit(values.to_numpy(np.float64)) for model, values in by_model}


def confidence_limit(confidence: Floats) -> float:
    """The 10th percentile of confidences on clean frames; NaN where too few of them are above it.

    Args:
        confidence: of the clean frames, NaN without a valid prediction.

    >>> confidence_limit(np.linspace(0.5, 1.0, 11)).round(3).item()
    0.55
    >>> confidence_limit(np.full(11, 0.9))
    nan
    """
    confidence = confidence[np.isfinite(confidence)]
    if not confidence.size:
        return np.nan
    limit = np.quantile(confidence, CONFIDENCE_QUANTILE)
    n_confident = int((confidence > limit + CONFIDENCE_RESOLUTION).sum())
    defined = n_confident > 0 and n_confident >= MIN_CONFIDENT * confidence.size - 1
    return limit if defined else np.nan


def undefined_silence(frame: pd.DataFrame, tasks: Sequence[Task]) -> list[str]:
    """Why silent failures of a model are not defined, a sentence for each model and task of which they are not.

    Raises:
        RunError: a model without records on clean frames.
    """
    return [
        f"Silent {task.noun} failures of {model} are not defined: its confidence is the same on too many clean frames "
        f"for a {100 * CONFIDENCE_QUANTILE:.0f}th percentile to separate confident predictions from others."
        for task in reversed(tasks)
        for model, limit in confidence_limits(frame, task).items()
        if np.isnan(limit) and frame.loc[frame["model"] == model, task.confidence_column].notna().any()
    ]
