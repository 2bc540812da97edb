"""The run by label and by subject: which classes drop, and for which patients or sequences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustbench_endo.metrics.aggregation import mean_of_present
from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.metrics import heading, leading_metric
from robustbench_endo.reports.data.scores import change_cell, model_columns
from robustbench_endo.reports.data.tables import PLAIN, Cell, Column, Row, Table
from robustbench_endo.reports.formatting import number
from robustbench_endo.results.bootstrap import Bootstrap, resampling_units
from robustbench_endo.results.estimates import ScoreArray, resampled_scores
from robustbench_endo.results.schema import CLEAN
from robustbench_endo.tasks.base import Task

if TYPE_CHECKING:
    from robustbench_endo.results import Results

MAX_SUBJECTS = 40
"""Rows by subject: the weakest are first, so that the most important ones remain."""


def label_tables(results: Results) -> list[Table]:
    """For each task with a score per label: its labels that occur, clean frames → mean of all corruptions.

    The mean is that of the table of scores: over severities, then over corruptions.
    """
    tables = []
    for task in reversed(results.tasks):
        scores = label_scores(results, task)
        if scores is None:
            continue
        labels = results.labels[task.name]
        indices = list(range(len(labels)))
        clean = scores[scores["corruption"] == CLEAN].groupby("model", observed=True)[indices].mean()
        corrupted = scores[scores["corruption"].isin(results.corruptions)]
        by_corruption = corrupted.groupby(["model", "corruption"], observed=True)[indices].mean()
        mean = by_corruption.groupby("model", observed=True).mean()
        rows = tuple(
            Row(PLAIN, name, tuple(_change(clean, mean, model, label) for model in results.models))
            for label, name in enumerate(labels)
            if scores[label].notna().any()
        )
        if rows:
            caption = f"{task.label_score} of each class (%): clean frames → mean of all corruptions"
            tables.append(Table(f"labels-{task.name}", caption, "Class", model_columns(results.models), rows))
    return tables


def label_scores(results: Results, task: Task) -> pd.DataFrame | None:
    """A score in percent of each label at each condition; None for a task without one."""
    return task.label_scores(results.frame, len(results.labels[task.name]))


def _change(clean: pd.DataFrame, mean: pd.DataFrame, model: str, label: int) -> Cell:
    values = (float(table.at[model, label]) if model in table.index else None for table in (clean, mean))
    return change_cell(*map(number, values))


@dataclass(frozen=True)
class BySubject:
    """A metric by patient or sequence.

    Attributes:
        metric: the leading one of the run.
        table: the number of frames, then clean frames → mean of all corruptions of each model, weakest first.
        n_omitted: number of subjects that are not in the table.
    """

    metric: Metric
    table: Table
    n_omitted: int


def by_subject(results: Results) -> BySubject | None:
    """The leading metric by subject; None without numbers or with a single subject."""
    metric, frame = leading_metric(results), results.frame
    if metric is None or frame["subject_id"].nunique() < 2:
        return None
    scores = _scores_by_subject(results, metric)
    clean, mean = scores.clean, scores.mean_over_corruptions()
    names = sorted(frame["subject_id"].unique())
    n_frames = frame.groupby("subject_id", observed=True)["image_id"].nunique()
    sign = -1 if metric.higher_is_better is False else 1
    strength = sign * mean_of_present(mean if np.isfinite(mean).any() else clean, -1)
    order = np.argsort(np.nan_to_num(strength, nan=np.inf), kind="stable")[:MAX_SUBJECTS].tolist()

    def cells(index: int) -> tuple[Cell, ...]:
        pairs = zip(clean[index], mean[index], strict=True)
        changes = (change_cell(number(before, metric.unit), number(after, metric.unit)) for before, after in pairs)
        return (Cell(str(int(n_frames[names[index]]))), *changes)

    rows = tuple(Row(PLAIN, str(names[index]), cells(index)) for index in order)
    columns = (Column("Frames"), *model_columns(results.models))
    caption = f"{heading(metric)} of each patient or sequence, weakest first: clean frames → mean of all corruptions"
    table = Table("by-subject", caption, "Patient or sequence", columns, rows)
    return BySubject(metric, table, max(0, len(names) - MAX_SUBJECTS))


def _scores_by_subject(results: Results, metric: Metric) -> ScoreArray:
    """The scores of each subject, first axis subjects."""
    estimator = results.estimator()
    units = resampling_units(results.frame, Bootstrap(unit="subject"))
    group = next(group for group in estimator.groups if metric.name in group.names)
    only_one = np.eye(units.number)
    scores = resampled_scores(
        group, [metric.name], results.frame, estimator.codes, len(estimator.keys), units, only_one
    )
    return estimator.arrange(scores[metric.name])
