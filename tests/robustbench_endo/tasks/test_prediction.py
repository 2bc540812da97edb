"""Predictions of a batch."""

import torch

from robustbench_endo.tasks.prediction import Prediction, confidence_scores, finite_frames


def test_finite_frames_finds_nan_and_infinity():
    logits = torch.zeros(3, 2, 4)
    logits[1, 0, 0], logits[2, 1, 3] = torch.nan, -torch.inf
    assert finite_frames(logits).tolist() == [True, False, False]


def test_confidence_scores_are_undefined_without_a_valid_prediction():
    valid = torch.tensor([True, False])
    prediction = Prediction(valid, valid.float(), valid.float(), None, confidences={"margin": torch.tensor([0.5, 0.9])})
    columns = confidence_scores("phase", ("margin", "user"), prediction, valid)
    assert columns["phase_confidence_margin"].nan_to_num(-1).tolist() == [0.5, -1]
    assert columns["phase_confidence_user"].isnan().all()
    assert confidence_scores("phase", ("margin",), None, valid)["phase_confidence_margin"].isnan().all()
