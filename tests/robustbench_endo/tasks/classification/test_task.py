"""Tasks with one label per frame."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from robustbench_endo.errors import ModelError
from robustbench_endo.tasks.classification.task import Classification

PHASE = Classification("phase", title="Phase", label_attribute="phases")


def test_classification_names_follow_the_task():
    assert PHASE.headline == "phase_accuracy"
    assert PHASE.labels(SimpleNamespace(phases=("a", "b"))) == ("a", "b")
    assert PHASE.labels(SimpleNamespace()) == ()
    assert all(metric.name.startswith("phase_") for metric in PHASE.metrics())
    assert all(column.name.startswith("phase_") for column in PHASE.columns(2))


def test_stack_marks_frames_without_a_label():
    assert PHASE.stack([2, None], (4, 4)).tolist() == [2, -1]


def test_failed_is_a_wrong_label():
    frame = pd.DataFrame({"phase_target": [1, 1, -1, 1], "phase_prediction": [1, 0, 0, -1]})
    failed = PHASE.failed(frame, 0.0)
    assert failed[:2].tolist() == [0, 1]
    assert np.isnan(failed[2])
    assert PHASE.describe_failure(0.0) == "the phase fails when it is wrong"
    assert PHASE.has_target(frame).tolist() == [True, True, False, True]


def test_floors_are_the_most_frequent_label_and_the_prior():
    frame = pd.DataFrame({"phase_target": [0, 2, 2, -1, 0], "severity": [0, 0, 0, 0, 3]})
    floors = PHASE.floors(frame, 3)
    assert list(floors) == ["majority phase", "phase prior"]
    assert floors["majority phase"]["phase_prediction"].tolist() == [2, 2, 2, -1, 2]
    brier = floors["phase prior"]["phase_brier"]
    np.testing.assert_allclose(brier[:3], [4 / 9 + 4 / 9, 1 / 9 + 1 / 9, 1 / 9 + 1 / 9])
    assert np.isnan(brier[3])


def test_floors_without_a_label_are_empty():
    assert PHASE.floors(pd.DataFrame({"phase_target": [-1, -1], "severity": [0, 1]}), 3) == {}


def test_confidence_bins_count_each_known_frame():
    frame = pd.DataFrame(
        {"phase_target": [0, 1, -1], "phase_prediction": [0, 0, 0], "phase_confidence": [0.9, 0.6, 0.5]}
    ).assign(image_id=["a", "b", "c"])
    bins = PHASE.confidence_bins(frame)
    assert bins.frames.sum() == 2
    assert bins.count.sum() == 2
    assert bins.correct.sum() == 1
    assert bins.confidence.sum() == pytest.approx(1.5)


def test_confidence_bins_count_different_frames():
    frame = pd.DataFrame({"phase_target": [0] * 4, "phase_prediction": [0] * 4, "phase_confidence": [0.9] * 4})
    bins = PHASE.confidence_bins(frame.assign(image_id=["a", "a", "b", "a"]))
    assert bins.count.max() == 4
    assert bins.frames.max() == 2


def test_confusion_and_validation_score():
    confusion = PHASE.confusion(torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 1, -1]))
    assert confusion.tolist() == [[1, 0], [1, 0]]
    assert PHASE.validation_score(torch.zeros(2, 2, dtype=torch.int64)) is None


def test_check_logits_of_another_batch_raises():
    with pytest.raises(ModelError, match="Expected phase logits of rank 2 with a batch of 3, got"):
        PHASE.check_logits(torch.zeros(2, 4), 3)
