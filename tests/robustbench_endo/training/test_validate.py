"""Validation scores."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.errors import TrainingError
from robustbench_endo.training.data import InMemoryDataset
from robustbench_endo.training.validate import Processes, ValidationSample, selection_score, validate_on


class Oracle(torch.nn.Module):
    """Predicts the squares from their brightness, and activity 1 for every frame."""

    def forward(self, images):
        bright = images.amax(1, keepdim=True) - 0.5
        labels = torch.tensor([[0.0, 1.0]]).repeat(len(images), 1)
        return {"segmentation": torch.cat([-bright, bright], 1), "activity": labels, "features": images}


@pytest.fixture
def frames(squares):
    return InMemoryDataset(squares(8), (32, 40))


def test_validate_on_scores_every_task(frames):
    scores = validate_on(Oracle(), frames, 3, torch.device("cpu"))
    assert scores["miou"] > 0.95
    assert scores["accuracy"] == 0.5


def test_validate_on_sums_counts_over_processes(frames):
    counts = []
    for rank in range(2):
        processes = Processes(rank, 2, lambda tensor: counts.append(tensor) or tensor)
        validate_on(Oracle(), frames, 3, torch.device("cpu"), processes)
    full = []
    validate_on(Oracle(), frames, 8, torch.device("cpu"), Processes(add=lambda tensor: full.append(tensor) or tensor))
    assert torch.equal(counts[0] + counts[2], full[0])
    assert torch.equal(counts[1] + counts[3], full[1])


def test_validate_on_skips_tasks_without_targets(squares):
    frames = InMemoryDataset(squares(4, labelled=False), (32, 40))
    assert list(validate_on(Oracle(), frames, 4, torch.device("cpu"))) == ["miou"]


def test_selection_score_is_the_metric_or_the_mean_of_the_tasks():
    scores = {"loss": 3.0, "miou": 0.25, "accuracy": 0.75}
    assert selection_score(scores, "miou") == 0.25
    assert selection_score(scores, "accuracy") == 0.75
    assert selection_score(scores, "mean_of_tasks") == 0.5
    assert selection_score({"loss": 3.0}, "mean_of_tasks") == 0
    with pytest.raises(TrainingError, match="a validation score accuracy to select the epoch by, got none"):
        selection_score({"miou": 0.25}, "accuracy")


def test_validation_sample_has_a_note_where_it_is_small(squares):
    sample = ValidationSample.of(squares(12))
    assert str(sample) == "12 frames of 1 subject"
    assert sample.note.startswith("The selected epoch depends on few frames: 12 frames of 1 subject; hold out")
    assert ValidationSample(50, 5).note == ""
    assert ValidationSample(49, 5).note
    assert ValidationSample(50, 4).note
