"""Validation split by subject."""

from __future__ import annotations

import pytest

from robustbench_endo.errors import TrainingError
from robustbench_endo.tasks import registry as task_registry
from robustbench_endo.tasks.classification.task import Classification
from robustbench_endo.training.subject_split import Subset, split_by_subject


def by_subject(squares, names):
    data = squares(len(names))
    data.subjects = list(names)
    return data


@pytest.mark.parametrize("seed", range(5))
def test_split_by_subject_has_each_subject_and_frame_once(squares, seed):
    data = by_subject(squares, "aaabbbccdddd")
    inside, outside = split_by_subject(data, 0.3, seed)
    assert not set(inside.subjects) & set(outside.subjects)
    assert sorted([*inside.ids, *outside.ids]) == sorted(data.ids)
    assert 0.3 * len(data) <= len(outside) < len(data)
    assert inside[0].id == inside.ids[0]


def test_split_by_subject_leaves_one_subject_in_each_part(squares):
    inside, outside = split_by_subject(by_subject(squares, "aaaab"), 0.99)
    assert len(set(inside.subjects)) == len(set(outside.subjects)) == 1


def test_split_by_subject_depends_on_seed(squares):
    data = by_subject(squares, "abcdefghij")
    assert len({tuple(split_by_subject(data, 0.2, seed)[1].subjects) for seed in range(6)}) > 1


def test_split_by_subject_rejects_one_subject(squares):
    with pytest.raises(TrainingError, match=r"at least two subjects in squares .* got 1: set --subject-regex"):
        split_by_subject(squares(4), 0.5)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -1.0])
def test_split_by_subject_rejects_fraction(squares, fraction):
    with pytest.raises(TrainingError, match="validation fraction between 0 and 1"):
        split_by_subject(squares(4), fraction)


def test_subset_has_label_names_of_every_task(squares, monkeypatch):
    phase = Classification("phase", title="Phase", label_attribute="phases")
    monkeypatch.setattr(task_registry, "TASKS", (*task_registry.TASKS, phase))
    data = squares(4)
    data.phases = ("start", "end")
    subset = Subset(data, (1, 2))
    assert {task.name: task.labels(subset) for task in task_registry.TASKS} == {
        "activity": ("red", "green"),
        "segmentation": ("background", "square"),
        "phase": ("start", "end"),
    }
    with pytest.raises(AttributeError, match="no attribute 'boxes'"):
        _ = subset.boxes
