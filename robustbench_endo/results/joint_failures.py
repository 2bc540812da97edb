"""Whether two tasks fail on the same frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustbench_endo.metrics.aggregation import Floats, divide
from robustbench_endo.metrics.base import Metric
from robustbench_endo.results.estimates import PARTS, Estimate, estimate_left_out, point_scores, unit_scores
from robustbench_endo.results.metrics import metric_groups
from robustbench_endo.results.resampling import (
    Intervals,
    Resampling,
    resampling_settings,
    resampling_units,
    with_statement,
)
from robustbench_endo.results.schema import CLEAN
from robustbench_endo.tasks.base import Task

if TYPE_CHECKING:
    from robustbench_endo.results.results import Results


def joint_failures(
    results: Results, thresholds: Mapping[str, float] | None = None, intervals: Intervals = False
) -> pd.DataFrame:
    """Whether the two leading tasks fail on the same frames: one row per model, over all corrupted frames.

    Args:
        results: the run.
        thresholds: as in :meth:`Results.failures`.
        intervals: whether, and how, to compute intervals.

    Returns:
        Shares of frames in percent where neither, one, or both tasks fail, and their correlation ``phi``; no columns
        for a run of one task.

    Raises:
        RobustEndoError, RunError: as :meth:`Results.failures`.
    """
    settings = resampling_settings(intervals) if intervals else None
    if len(results.tasks) < 2:
        return pd.DataFrame(index=pd.Index(results.models, name="model"))
    second, first = results.tasks[-2:]
    records = results.failed_records(thresholds)
    records = records[~records["corruption"].isin(results.recorded_conditions)]
    table = joint_failure_table(records, results.models, (first, second), settings)
    return with_statement(table, results.units(intervals)) if intervals else table


def joint_failure_names(first: Task, second: Task) -> tuple[str, str, str, str]:
    """Columns of :func:`joint_failure_table`: neither task fails, only one, only the other, both."""
    return ("both_correct", f"only_{first.name}", f"only_{second.name}", "both_failed")


def joint_failure_table(
    records: pd.DataFrame, models: Sequence[str], tasks: tuple[Task, Task], resampling: Resampling | None
) -> pd.DataFrame:
    """Do two tasks fail on the same frames? One row per model, over all corrupted frames.

    Args:
        records: from :func:`failure_records`.
        models: the order of the rows.
        tasks: the two tasks.
        resampling: None for point estimates.

    Returns:
        Columns :func:`joint_failure_names` in percent, and ``phi``; with intervals a second level ``value``, ``low``,
        ``high``.
    """
    corrupted = records[records["corruption"] != CLEAN]
    codes = pd.Index(models).get_indexer(corrupted["model"]).astype(np.intp)
    names = (*joint_failure_names(*tasks), "phi")
    (group,) = metric_groups([JointFailureRate(name, index, tasks) for index, name in enumerate(names)], {})
    point = point_scores(group, corrupted, codes, len(models))
    if resampling is None:
        unknown = np.empty(0)
        plain = {name: estimate_left_out(point[name], None, unknown, 0.95) for name in names}
        return _frame(plain, models, intervals=False)
    units = resampling_units(corrupted, resampling)
    scores = unit_scores(group, names, corrupted, codes, len(models), units)
    estimates = {
        name: estimate_left_out(point[name], scores[name][0], units.sizes, resampling.confidence) for name in names
    }
    return _frame(estimates, models, intervals=True)


class JointFailureRate(Metric):
    """One cell of the joint table of two tasks' failures in percent, or their correlation phi.

    Args:
        name: of the column.
        index: position in :func:`joint_rates`.
        tasks: the two tasks.
    """

    column = None

    def __init__(self, name: str, index: int, tasks: tuple[Task, Task]) -> None:
        self.name, self._index, self._tasks = name, index, tasks
        super().__init__()

    def statistics(self, records: pd.DataFrame, num_labels: int) -> Floats:
        """Indicators of neither, only the first, only the second, both tasks failing, (n, 4).

        The draws of a frame at a condition share its weight, so that corruptions with several draws do not dominate.
        """
        first, second = (records[f"{task.name}_failed"].to_numpy(np.float64) for task in self._tasks)
        cells = [(first == one) & (second == other) for one, other in ((0, 0), (1, 0), (0, 1), (1, 1))]
        draws = 1 + records.groupby("corruption", observed=True)["replicate"].transform("max").to_numpy(np.float64)
        weighted: Floats = np.stack(cells, axis=1) / draws[:, None]
        return weighted

    def formula(self, sums: Floats) -> Floats:
        return joint_rates(sums)[self._index]


def joint_rates(sums: Floats) -> list[Floats]:
    """Shares of the four cells in percent, and phi (Yule, J. Royal Statistical Society 1912).

    phi is 1 where the tasks fail on the same frames, 0 where they are independent, -1 where one fails exactly when the
    other does not; NaN where a task never or always fails.
    """
    neither, first, second, both = sums
    product = (neither + first) * (second + both) * (neither + second) * (first + both)
    shares = divide(100 * sums, sums.sum(0))
    return [*shares, divide(both * neither - first * second, np.sqrt(product))]


def _frame(estimates: Mapping[str, Estimate], models: Sequence[str], *, intervals: bool) -> pd.DataFrame:
    index = pd.Index(models, name="model")
    if not intervals:
        return pd.DataFrame({name: each.value for name, each in estimates.items()}, index=index)
    parts = {
        name: pd.DataFrame({part: getattr(each, part) for part in PARTS}, index=index)
        for name, each in estimates.items()
    }
    return pd.concat(parts, axis=1)
