"""The tasks that a run can evaluate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from robustbench_endo.errors import unknown_name
from robustbench_endo.tasks.base import Task
from robustbench_endo.tasks.classification.task import Classification
from robustbench_endo.tasks.segmentation.task import Segmentation

TASKS: tuple[Task, ...] = (
    Classification("activity", title="Activity", label_attribute="activities", prefix=""),
    Segmentation(),
)
"""In the order of the columns of a table; the last task that a run has leads its summary, curves and worst frames."""


def get_task(name: str) -> Task:
    """The task of a name.

    Raises:
        UnknownNameError: no task has this name.
    """
    for task in TASKS:
        if task.name == name:
            return task
    raise unknown_name("task", name, [task.name for task in TASKS])


def tasks_of(labels: Mapping[str, Iterable[str]]) -> tuple[Task, ...]:
    """The tasks of a mapping from task names, in the order of :data:`TASKS`."""
    return tuple(task for task in TASKS if task.name in labels)


def labels_of(dataset: Any) -> dict[str, tuple[str, ...]]:
    """Task name -> names of its labels in a data set, for every task; empty where the data set does not label it."""
    return {task.name: task.labels(dataset) for task in TASKS}
