"""The registered tasks."""

from types import SimpleNamespace

import pytest

from robustbench_endo.errors import UnknownNameError
from robustbench_endo.tasks.registry import TASKS, get_task, labels_of, tasks_of


def test_get_task_by_name():
    assert [get_task(task.name) for task in TASKS] == list(TASKS)
    with pytest.raises(UnknownNameError, match="did you mean segmentation"):
        get_task("segmentaton")


def test_tasks_of_a_mapping_are_in_the_order_of_the_registry():
    assert [task.name for task in tasks_of({"segmentation": (), "activity": ()})] == ["activity", "segmentation"]
    assert tasks_of({}) == ()


def test_labels_of_a_data_set_are_empty_without_labels():
    assert labels_of(SimpleNamespace(classes=("a",))) == {"activity": (), "segmentation": ("a",)}
