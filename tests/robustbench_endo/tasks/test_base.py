"""Defaults that every task has."""

import torch

from robustbench_endo.tasks.registry import TASKS


def test_task_declares_everything_that_reports_print():
    for task in TASKS:
        assert all((task.name, task.title, task.noun, task.plural, task.headline, task.calibration_metric))
        assert task.confidence_column == f"{task.name}_confidence"
        assert task.confidence_column in {column.name for column in task.columns(2)}
        assert {task.headline, task.calibration_metric} <= {metric.name for metric in task.metrics()}


def test_headline_for_a_protocol_falls_back_to_the_standard_one():
    for task in TASKS:
        assert task.headline_for("standard") == task.headline
        assert task.headline_for("unknown") == task.headline


def test_columns_have_unique_names_over_all_tasks():
    names = [column.name for task in TASKS for column in task.columns(3)]
    assert len(set(names)) == len(names)


def test_warp_without_geometry_returns_the_targets():
    targets = torch.zeros(2, dtype=torch.int64)
    assert TASKS[0].warp(targets, None) is targets


def test_default_loss_weight_is_positive():
    assert all(task.default_loss_weight() > 0 for task in TASKS)
