"""Record columns of labels: predictions, confidence, Brier score."""

import numpy as np
import pytest
import torch

from robustbench_endo.tasks.classification.score import decode, score


def test_score_brier_needs_a_prediction_and_a_target():
    targets = torch.tensor([1, -1])
    columns = score("activity", decode(torch.zeros(2, 4)), targets, ())
    assert columns["activity_brier"][0] == pytest.approx(0.75)
    assert np.isnan(columns["activity_brier"][1])
    assert np.isnan(score("activity", None, targets, ())["activity_brier"]).all()


def test_score_of_a_frame_with_nan_logits_is_undefined():
    logits = torch.zeros(2, 3)
    logits[0, 1] = torch.nan
    columns = score("phase", decode(logits), torch.tensor([1, 2]), ())
    assert columns["phase_prediction"].tolist() == [-1, 0]
    assert np.isnan(columns["phase_brier"][0])
    assert np.isnan(columns["phase_confidence"][0])
    assert columns["phase_confidence"][1] == pytest.approx(1 / 3)


def test_score_without_the_task_has_no_prediction():
    columns = score("activity", None, torch.tensor([0]), ())
    assert columns["activity_prediction"].tolist() == [-1]
    assert columns["activity_target"].tolist() == [0]


def test_decode_gives_label_and_probabilities():
    prediction = decode(torch.tensor([[0.0, 2.0, 1.0]]))
    assert prediction.label.tolist() == [1]
    torch.testing.assert_close(prediction.probability.sum(1), torch.ones(1))
    assert prediction.label_map is None
