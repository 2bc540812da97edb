"""The metrics of a run, as its description declares them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.metrics.base import DISTORTION_METRICS, Metric, StoredMetric
from robustbench_endo.metrics.prediction_sets import set_metrics
from robustbench_endo.tasks.base import Task
from robustbench_endo.tasks.registry import TASKS, tasks_of


@dataclass(frozen=True)
class MetricGroup:
    """Metrics that follow from the same sums over frames.

    Attributes:
        metrics: of the group.
        statistics: records -> what each adds to the sums, float64 (n, K).
    """

    metrics: tuple[Metric, ...]
    statistics: Callable[[pd.DataFrame], Floats]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the metrics."""
        return tuple(metric.name for metric in self.metrics)

    def scores(self, sums: Floats, names: Sequence[str] | None = None) -> dict[str, Floats]:
        """Sums (K, ...) -> metric -> (...), in the unit of the metric; some of the metrics, or all for None."""
        return {
            metric.name: metric.formula(sums) * metric.scale
            for metric in self.metrics
            if names is None or metric.name in names
        }


def run_tasks(info: Mapping[str, Any]) -> tuple[Task, ...]:
    """The tasks of a run, by the content of its run.json."""
    return tasks_of(info["tasks"])


def run_metrics(info: Mapping[str, Any], user_metrics: Sequence[Metric] = ()) -> list[Metric]:
    """The metrics of a run: those of its tasks by its protocol, the distortion, user-defined ones.

    Args:
        info: content of run.json.
        user_metrics: user-defined metrics; those that need their class are left out without it.
    """
    protocol = str(info.get("protocol", "standard"))
    tasks = run_tasks(info)
    settings = info.get("metric_settings", {})
    metrics = [metric for task in tasks for metric in task.metrics(protocol, settings)]
    metrics += [metric for task in tasks for metric in task.label_metrics(info["tasks"][task.name])]
    metrics += [metric for task in tasks for metric in task.region_metrics(settings)]
    metrics += [metric for task in tasks for metric in task.visibility_metrics()]
    if info.get("calibrations"):
        metrics += set_metrics(tasks)
    metrics += [kind() for kind in DISTORTION_METRICS]
    known = {metric.name: metric for metric in user_metrics}
    return metrics + [
        known.get(declaration["name"]) or StoredMetric(declaration)
        for declaration in info.get("metrics", ())
        if declaration["name"] in known or not declaration.get("needs_class")
    ]


def metrics_by_name(info: Mapping[str, Any]) -> frozenset[str]:
    """The metrics of a run that tables show only where they are named: those of single labels and parts of frames."""
    tasks, settings = run_tasks(info), info.get("metric_settings", {})
    metrics = [metric for task in tasks for metric in task.label_metrics(info["tasks"][task.name])]
    metrics += [metric for task in tasks for metric in task.region_metrics(settings)]
    metrics += [metric for task in tasks for metric in task.visibility_metrics()]
    return frozenset(metric.name for metric in metrics)


def known_metrics() -> dict[str, Metric]:
    """Name -> metric, for all tasks and protocols."""
    metrics = [metric for task in TASKS for metric in task.metrics("endoarss")]
    return {metric.name: metric for metric in (*metrics, *(kind() for kind in DISTORTION_METRICS))}


def metric_groups(metrics: Sequence[Metric], num_labels: Mapping[str, int], leading: str = "") -> list[MetricGroup]:
    """Metrics that share their statistics, in the order of the first of each group.

    Args:
        num_labels: task name -> number of its labels.
        leading: the task of metrics that name none.
    """
    by_key: dict[Any, list[Metric]] = {}
    for metric in metrics:
        by_key.setdefault(metric.statistics_key, []).append(metric)

    def statistics_of(metric: Metric) -> Callable[[pd.DataFrame], Floats]:
        return partial(
            _statistics, metric, num_labels.get(metric.task or leading, 0)
        )  # can be pickled, unlike a lambda

    return [MetricGroup(tuple(group), statistics_of(group[0])) for group in by_key.values()]


def _statistics(metric: Metric, num_labels: int, records: pd.DataFrame) -> Floats:
    return metric.statistics(records, num_labels)


def metric_names(metrics: Sequence[str] | None, default: Sequence[str]) -> Sequence[str]:
    """Names of metrics as an argument has them: several, a single one as text, or None for the default.

    >>> metric_names("hd95", ["miou"]), metric_names(None, ["miou"])
    (['hd95'], ['miou'])
    """
    return [metrics] if isinstance(metrics, str) else default if metrics is None else metrics


def find_metric(metrics: Sequence[Metric], name: str) -> Metric:
    """The metric of a name.

    Raises:
        RobustEndoError: the run does not have it.
    """
    for metric in metrics:
        if metric.name == name:
            return metric
    kind, label = split_label(name)
    labels = labels_of_metrics(metrics)
    if label is not None and kind in labels:
        raise RobustEndoError(
            f"Expected a class of the run ({', '.join(labels[kind])}), got {label!r} in {name}: choose one of them."
        )
    names = [metric.name for metric in metrics if split_label(metric.name)[1] is None]
    names += [f"{kind}[CLASS]" for kind in labels]
    raise RobustEndoError(f"Expected a metric of the run, got {name!r}: choose from {', '.join(names)}.")


def split_label(name: str) -> tuple[str, str | None]:
    """``dice[shaft]`` as ``("dice", "shaft")``; any other name with None.

    >>> split_label("dice[shaft]"), split_label("dice")
    (('dice', 'shaft'), ('dice', None))
    """
    kind, bracket, label = name.partition("[")
    return (kind, label[:-1]) if bracket and label.endswith("]") else (name, None)


def labels_of_metrics(metrics: Sequence[Metric]) -> dict[str, list[str]]:
    """``dice`` and the like -> the labels for which there is such a metric, in order."""
    labels: dict[str, list[str]] = {}
    for kind, label in (split_label(metric.name) for metric in metrics):
        if label is not None:
            labels.setdefault(kind, []).append(label)
    return labels
