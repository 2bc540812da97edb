"""Floors: the scores of trivial predictors that see no image, from the truth in the records, under every condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustbench_endo.metrics.aggregation import Floats, divide
from robustbench_endo.results.estimates import ScoreArray, ScoreEstimator, ScoreResult
from robustbench_endo.results.metrics import find_metric, metric_groups
from robustbench_endo.results.schema import KEYS
from robustbench_endo.tasks.base import Task

if TYPE_CHECKING:
    from robustbench_endo.results.results import Results

_UNKNOWN = -1
"""In whole-number columns that a floor does not define: no metric has a value for it, as for NaN in the others."""


def floor_records(frame: pd.DataFrame, tasks: Sequence[Task], num_labels: Mapping[str, int]) -> pd.DataFrame:
    """Records of every floor of some tasks, with its name as the model; the columns are those of the run.

    Masks that a corruption moved are scored as moved.
    """
    parts = []
    for task in tasks:
        truth = truth_records(frame, task, num_labels[task.name])
        for name, columns in task.floors(truth, num_labels[task.name]).items():
            parts.append(_undefined(truth).assign(model=name, **columns))
    return pd.concat(parts, ignore_index=True) if parts else frame.iloc[:0]


def truth_records(frame: pd.DataFrame, task: Task, num_labels: int) -> pd.DataFrame:
    """One record per frame and condition: that with the most of the truth, in the order of the run."""
    order = np.argsort(-task.truth_size(frame, num_labels), kind="stable")
    keys = [name for name in KEYS if name != "model"]
    first = order[~frame[keys].iloc[order].duplicated().to_numpy()]
    condition = frame.groupby(["corruption", "severity"], sort=False, observed=True).ngroup().to_numpy()
    return frame.iloc[first[np.lexsort((first, condition[first]))]]


def _undefined(records: pd.DataFrame) -> pd.DataFrame:
    """The keys of the records; every other column is not defined."""
    columns = {
        name: np.full(len(records), np.nan if records[name].dtype.kind == "f" else _UNKNOWN)
        for name in records.columns
        if name not in KEYS
    }
    return pd.concat([records[list(KEYS)].reset_index(drop=True), pd.DataFrame(columns)], axis=1)


class Floors:
    """The floors of a run: which of them a metric has, and its scores.

    Args:
        results: the run.
        scores: its scores, with the conditions and the settings of intervals.
    """

    def __init__(self, results: Results, scores: ScoreEstimator) -> None:
        num_labels = {task: len(labels) for task, labels in results.labels.items()}
        records = floor_records(results.frame, results.tasks, num_labels)
        # A user's formula need not be defined without a prediction.
        custom = {declaration["name"] for declaration in results.info.get("metrics", ())}
        metrics = [metric for metric in results.metrics if metric.name not in custom]
        groups = metric_groups(metrics, num_labels, results.tasks[-1].name)
        self.metrics = results.metrics
        self.names: list[str] = list(dict.fromkeys(records["model"]))
        conditions = replace(scores.conditions, models=self.names)
        self.estimator = ScoreEstimator(records, groups, conditions, scores.resampling)
        self._of_metric: dict[str, tuple[str, ScoreResult] | None] = {}

    def table(self) -> pd.DataFrame:
        """One row per floor x corruption x severity: ``floor``, ``corruption``, ``severity`` and every metric."""
        keys = self.estimator.keys.rename(columns={"model": "floor"})
        scores = {name: self.estimator.point(name) for name in self.estimator.names}
        undefined = {metric.name: np.full(len(keys), np.nan) for metric in self.metrics}
        return pd.concat((keys, pd.DataFrame(undefined | scores)), axis=1)

    def of_metric(self, metric: str) -> tuple[str, ScoreResult] | None:
        """Name and scores of the floor of a metric, for a single model; None for a metric without a floor.

        Raises:
            RobustEndoError: a metric that the run does not have.
        """
        find_metric(self.metrics, metric)
        if metric not in self._of_metric:
            self._of_metric[metric] = self._compute(metric)
        return self._of_metric[metric]

    def _compute(self, metric: str) -> tuple[str, ScoreResult] | None:
        if metric not in self.estimator.names or not self.names:
            return None
        ((_, scores),) = self.estimator.results([metric])
        defined = np.isfinite(scores.point.clean[0])
        if not defined.any():
            defined = np.isfinite(scores.point.corrupted[0]).any((1, 2)) | np.isfinite(scores.point.recorded[0]).any(1)
        if not defined.any():
            return None
        index = int(defined.argmax())
        return self.names[index], _single(scores, index)


def _single(scores: ScoreResult, index: int) -> ScoreResult:
    """The scores of one of the models."""

    def one(values: ScoreArray) -> ScoreArray:
        return ScoreArray(*(part[:, [index]] for part in (values.clean, values.corrupted, values.recorded)))

    left_out, by_subject = (None if part is None else one(part) for part in (scores.left_out, scores.by_subject))
    return replace(scores, point=one(scores.point), left_out=left_out, by_subject=by_subject)


def above_floor(scores: ScoreArray, floor: ScoreArray, sign: int) -> Floats:
    """How much of what a model is better than the floor on clean frames remains under corruption, percent, (R, models).

    100 * (mean - floor of the mean) / (clean - floor of clean); NaN where clean is not better than its floor.

    Args:
        scores, floor: of a metric.
        sign: 1 where higher is better, -1 where lower is.
    """
    gain = sign * (scores.clean - floor.clean)
    return 100 * divide(sign * (scores.mean_over_corruptions() - floor.mean_over_corruptions()), gain)
