"""The metrics of a run that a report shows, and their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from robustbench_endo.metrics.base import Metric
from robustbench_endo.results.metrics import metrics_by_name, split_label
from robustbench_endo.tasks.base import Task

if TYPE_CHECKING:
    from robustbench_endo.results import Results


def headline(results: Results) -> list[str]:
    """The metrics of the first columns: user-defined ones, then one per task as in the paper's Table VII."""
    declared = {entry["name"] for entry in results.info.get("metrics", ())}
    custom = [metric.name for metric in results.metrics if metric.name in declared]
    return [*custom, *(task.headline_for(results.protocol) for task in results.tasks)]


def metrics_present(results: Results) -> list[str]:
    """The metrics with any finite number: the headline first, then the others in the order of their declaration.

    Those of :func:`metrics_by_name` are left out: a table shows them where they are named.
    """
    names = dict.fromkeys([*headline(results), *(metric.name for metric in results.metrics)])
    by_name = metrics_by_name(results.info)
    return with_numbers(results, [name for name in names if name not in by_name])


def label_metrics_present(results: Results, task: Task) -> list[str]:
    """The metrics with numbers that reports show for each label of a task, such as ``dice[shaft]``; none without."""
    metrics = task.label_metrics(results.labels[task.name])
    return with_numbers(results, [m.name for m in metrics if split_label(m.name)[0] == task.label_metric])


def with_numbers(results: Results, names: Sequence[str]) -> list[str]:
    """Those of the named metrics that have any finite number.

    Raises:
        RobustEndoError: a metric that the run does not have.
    """
    scores = results.scores()
    return [name for name in names if np.isfinite(scores[results.metric(name).name].to_numpy(float)).any()]


def headline_present(results: Results) -> list[str]:
    """The headline metrics with numbers; without any, the first metric that has them."""
    present = metrics_present(results)
    return [name for name in headline(results) if name in present] or present[:1]


def leading_metric(results: Results) -> Metric | None:
    """The headline metric of the leading task that has numbers, else any metric; None for a run without numbers."""
    present = metrics_present(results)
    leading = reversed(results.tasks)
    preferred = [name for task in leading for name in (task.headline_for(results.protocol), task.headline)]
    return next((results.metric(name) for name in (*preferred, *present) if name in present), None)


def heading(metric: Metric) -> str:
    """Label and unit: ``mIoU (%)``."""
    return f"{metric.label} ({metric.unit})" if metric.unit else metric.label
