"""Labels of a model, by task: how many it predicts and their names.

A model carries them as attributes that are named after the task's label attribute, as data sets do: ``classes`` and
``num_classes`` of the segmentation, ``activities`` and ``num_activities`` of the activity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from robustbench_endo.tasks.base import Task
from robustbench_endo.tasks.registry import TASKS, get_task

Labels = Mapping[str, int | Sequence[str]]
"""Task name -> number of labels, or their names in the order of the logits."""


@dataclass(frozen=True)
class LabelSpace:
    """Labels of one task.

    Attributes:
        count: number of labels; None where it is unknown or the task is not predicted.
        names: in the order of the logits; empty where they are unknown.
    """

    count: int | None = None
    names: tuple[str, ...] = ()


LabelSpaces = Mapping[str, LabelSpace]
"""Task name -> its labels, for every task."""


def count_attribute(task: Task) -> str:
    """Name of the attribute and argument with the number of a task's labels, such as ``num_classes``."""
    return f"num_{task.label_attribute}"


def label_spaces(labels: Labels | None = None, **by_attribute: Any) -> dict[str, LabelSpace]:
    """The labels of every task from a mapping, or from arguments that are named after the label attributes.

    Raises:
        UnknownNameError: no task has a name in ``labels``.

    >>> label_spaces({"activity": ("cut", "hold")}, num_classes=7)["activity"]
    LabelSpace(count=2, names=('cut', 'hold'))
    """
    spaces = {}
    for task in TASKS:
        names = tuple(by_attribute.get(task.label_attribute) or ())
        spaces[task.name] = LabelSpace(by_attribute.get(count_attribute(task)) or len(names) or None, names)
    for name, value in (labels or {}).items():
        names = () if isinstance(value, int) else tuple(value)
        spaces[get_task(name).name] = LabelSpace((value if isinstance(value, int) else len(names)) or None, names)
    return spaces


def counts_of(spaces: LabelSpaces) -> dict[str, int]:
    """Task name -> number of labels, for the tasks that have any."""
    return {name: space.count for name, space in spaces.items() if space.count}


def arguments_of(spaces: LabelSpaces) -> dict[str, int | None]:
    """The counts as arguments of a factory: ``num_classes``, ``num_activities``."""
    return {count_attribute(task): spaces[task.name].count for task in TASKS}


def labels_of_model(model: object) -> dict[str, LabelSpace]:
    """The labels that a model carries as attributes."""
    return {
        task.name: LabelSpace(
            getattr(model, count_attribute(task), None) or None, tuple(getattr(model, task.label_attribute, None) or ())
        )
        for task in TASKS
    }


def set_labels(model: object, spaces: LabelSpaces) -> None:
    """Set the attributes that :func:`labels_of_model` reads; names that are unknown become None."""
    for task in TASKS:
        setattr(model, count_attribute(task), spaces[task.name].count)
        setattr(model, task.label_attribute, spaces[task.name].names or None)


def task_of_rank(rank: int) -> Task | None:
    """The task of an output without a name: the first with logits of this rank; None if there is none."""
    return next((task for task in TASKS if len(task.logits_shape) == rank), None)
