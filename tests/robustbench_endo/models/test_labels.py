"""Labels of models by task, whether they come as counts, names or attributes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from robustbench_endo.errors import UnknownNameError
from robustbench_endo.models.labels import (
    LabelSpace,
    arguments_of,
    counts_of,
    label_spaces,
    labels_of_model,
    set_labels,
    task_of_rank,
)


def test_label_spaces_of_counts_and_names_agree():
    by_task = label_spaces({"segmentation": 3, "activity": ("cut", "hold")})
    assert by_task == label_spaces(num_classes=3, activities=["cut", "hold"])
    assert counts_of(by_task) == {"segmentation": 3, "activity": 2}
    assert arguments_of(by_task) == {"num_classes": 3, "num_activities": 2}


def test_label_spaces_without_labels_predict_no_task():
    assert counts_of(label_spaces({"segmentation": 0, "activity": ()})) == counts_of(label_spaces()) == {}


def test_label_spaces_of_an_unknown_task_raises():
    with pytest.raises(UnknownNameError, match="did you mean segmentation"):
        label_spaces({"segmentatio": 3})


def test_set_labels_round_trip_through_attributes():
    model, spaces = SimpleNamespace(), label_spaces({"segmentation": ("a", "b"), "activity": 4})
    set_labels(model, spaces)
    assert (model.classes, model.num_classes, model.activities, model.num_activities) == (("a", "b"), 2, None, 4)
    assert labels_of_model(model) == spaces
    assert labels_of_model(object())["activity"] == LabelSpace()


def test_task_of_rank_is_that_of_the_logits():
    assert [getattr(task_of_rank(rank), "name", None) for rank in (2, 3, 4)] == ["activity", None, "segmentation"]
