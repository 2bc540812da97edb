"""Metrics of prediction sets, which a run has with ``--calibration``; needs neither torch nor a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from robustbench_endo.metrics.base import Metric

if TYPE_CHECKING:
    from robustbench_endo.tasks.base import Task


class SetMissRate(Metric):
    """Foreground pixels of a frame whose class is in no prediction set; the loss of the promise for masks."""

    unit, higher_is_better = "%", False

    def __init__(self, task: Task) -> None:
        self.name, self.task = f"{task.name}_set_fnr", task.name
        self.label = f"{task.title}: missed by sets"
        self.description = (
            "Foreground pixels whose class is not in the prediction set, as a share of each frame's; a frame without a "
            "valid prediction counts as missed."
        )
        super().__init__()


class SetCoverage(Metric):
    """Frames whose label is in the prediction set."""

    unit, higher_is_better = "%", True

    def __init__(self, task: Task) -> None:
        self.name, self.task = f"{task.name}_set_covered", task.name
        self.label = f"{task.title}: covered by sets"
        self.description = (
            f"Frames whose {task.noun} is in the prediction set; a frame without a valid prediction is not covered."
        )
        super().__init__()


class SetSize(Metric):
    """Labels in a prediction set."""

    def __init__(self, task: Task) -> None:
        self.name, self.task = f"{task.name}_set_size", task.name
        self.label = f"{task.title}: size of sets"
        each = "each pixel" if task.has_label_map else "a frame"
        self.description = f"Mean number of labels in the prediction set of {each}."
        super().__init__()


def set_metrics(tasks: Sequence[Task]) -> list[Metric]:
    """Loss (masks) or coverage (labels) and size of the sets of each task."""
    return [
        metric
        for task in tasks
        for metric in (SetMissRate(task) if task.has_label_map else SetCoverage(task), SetSize(task))
    ]


def set_columns(task: Task) -> tuple[str, str]:
    """The columns of a task: loss or coverage, and size; named as the metrics."""
    first, second = set_metrics([task])
    return first.name, second.name
