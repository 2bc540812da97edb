"""Predictions of a batch."""

import torch

from robustbench_endo.tasks.prediction import Prediction, finite_frames


def test_finite_frames_finds_nan_and_infinity():
    logits = torch.zeros(3, 2, 4)
    logits[1, 0, 0], logits[2, 1, 3] = torch.nan, -torch.inf
    assert finite_frames(logits).tolist() == [True, False, False]


def test_prediction_to_cpu_keeps_the_label_map():
    labels = torch.zeros(1, 2, 2, dtype=torch.uint8)
    prediction = Prediction(torch.tensor([True]), torch.ones(1), torch.zeros(1), labels)
    moved = prediction.to_cpu()
    assert moved.label_map is labels
    assert moved.confidence.device.type == "cpu"
