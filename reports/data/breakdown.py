"""The run by label and by subject: which classes drop, and for which patients or sequences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from robustbench_endo.metrics.aggregation import mean_of_present
from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.estimates import mean_table
from robustbench_endo.reports.data.floors import change_of_floor, floor_of, with_floors
from robustbench_endo.reports.data.metrics import heading, label_metrics_present, leading_metric
from robustbench_endo.reports.data.rows import table_rows
from robustbench_endo.reports.data.sample import describe_sample
from robustbench_endo.reports.data.scores import change_cell, condition_table, model_columns
from robustbench_endo.reports.data.tables import FLOOR_ROW, PLAIN, Cell, Column, Row, Table
from robustbench_endo.reports.formatting import number
from robustbench_endo.results.estimates import ScoreArray
from robustbench_endo.results.metrics import split_label
from robustbench_endo.results.resampling import Resampling

if TYPE_CHECKING:
    from robustbench_endo.results import Results

MAX_SUBJECTS = 40
"""Rows by subject: the weakest are first, so that the most important ones remain."""


def label_tables(results: Results) -> list[Table]:
    """For each task with a metric per label, such as Dice: its labels under every condition, one table per model.

    The number of a corruption is the mean over its severities, as in the table of scores.
    """
    return [
        label_table(results, names, model)
        for task in reversed(results.tasks)
        if (names := label_metrics_present(results, task))
        for model in results.models
    ]


def label_table(results: Results, names: Sequence[str], model: str) -> Table:
    """Metrics of labels of one model: a row per condition, a column per label.

    Args:
        results: the run.
        names: of the metrics, such as ``dice[shaft]``.
        model: whose scores.
    """
    metrics = [results.metric(name) for name in names]
    kinds = {split_label(name)[0] for name in names}
    title = " and ".join(results.metric(kind).label for kind in kinds)
    conditions = table_rows(results)
    table = with_floors(condition_table(mean_table(results, names), metrics, conditions, [model]), results, conditions)
    columns = tuple(
        Column(str(split_label(metric.name)[1]), keys={"metric": metric.name, "model": model, "unit": metric.unit})
        for metric in metrics
    )
    of_model = f" of {model}" if len(results.models) > 1 else ""
    caption = (
        f"{title} (%) of each class{of_model}, {describe_sample(results)}: the number of a corruption is the mean over "
        "its severities"
    )
    name = f"labels-{'-'.join(sorted(kinds))}-{results.models.index(model) + 1}"
    # Bold is the best model of a row, but the table has one model.
    rows = tuple(replace(row, cells=tuple(replace(cell, strong=False) for cell in row.cells)) for row in table.rows)
    return replace(table, name=name, caption=caption, columns=columns, rows=rows, floor_warnings=())


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
    if (floor := floor_of(results, metric.name)) is not None:
        change = change_of_floor(floor, metric.unit)
        rows += (Row(FLOOR_ROW, "Floor, all frames", (Cell(""), *[change] * len(results.models))),)
    columns = (Column("Frames"), *model_columns(results.models))
    caption = f"{heading(metric)} of each patient or sequence, weakest first: clean frames → mean of all corruptions"
    table = Table("by-subject", caption, "Patient or sequence", columns, rows)
    return BySubject(metric, table, max(0, len(names) - MAX_SUBJECTS))


def _scores_by_subject(results: Results, metric: Metric) -> ScoreArray:
    """The scores of each subject, first axis subjects."""
    ((_, scores),) = results.estimator(Resampling()).results([metric.name])
    assert scores.by_subject is not None
    return scores.by_subject
