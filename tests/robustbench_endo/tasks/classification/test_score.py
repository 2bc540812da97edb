"""Record columns of labels: predictions, confidence, Brier score."""

import numpy as np
import pytest
import torch

from robustbench_endo.evaluation.host_copy import HostColumns
from robustbench_endo.metrics import Metric
from robustbench_endo.tasks.classification.score import decode, score


class Wrong(Metric):
    name, task, higher_is_better = "wrong", "activity", False
    description = "1 for a wrong label."

    def __init__(self, convert):
        super().__init__()
        self.convert = convert

    def score(self, batch):
        return self.convert(batch.preds != batch.target)


def columns_of(*arguments):
    (columns,) = HostColumns([score(*arguments)]).wait()
    return columns


def test_score_brier_needs_a_prediction_and_a_target():
    targets = torch.tensor([1, -1])
    columns = columns_of("activity", decode(torch.zeros(2, 4)), targets, ())
    assert columns["activity_brier"][0] == pytest.approx(0.75)
    assert np.isnan(columns["activity_brier"][1])
    assert np.isnan(columns_of("activity", None, targets, ())["activity_brier"]).all()


def test_score_of_a_frame_with_nan_logits_is_undefined():
    logits = torch.zeros(2, 3)
    logits[0, 1] = torch.nan
    columns = columns_of("phase", decode(logits), torch.tensor([1, 2]), ())
    assert columns["phase_prediction"].tolist() == [-1, 0]
    assert np.isnan(columns["phase_brier"][0])
    assert np.isnan(columns["phase_confidence"][0])
    assert columns["phase_confidence"][1] == pytest.approx(1 / 3)


def test_score_without_the_task_has_no_prediction():
    columns = score("activity", None, torch.tensor([0]), ())
    assert columns["activity_prediction"].tolist() == [-1]
    assert columns["activity_target"].tolist() == [0]


@pytest.mark.parametrize("convert", [torch.Tensor.float, torch.Tensor.numpy, torch.Tensor.bool, torch.Tensor.tolist])
def test_score_takes_tensors_and_arrays_of_a_users_metric(convert):
    columns = columns_of("activity", decode(torch.eye(3)), torch.tensor([0, 2, -1]), (Wrong(convert),))
    assert columns["wrong"].dtype == np.float64
    assert columns["wrong"].tolist() == [0, 1, 1]


def test_decode_gives_label_and_probabilities():
    prediction = decode(torch.tensor([[0.0, 2.0, 1.0]]))
    assert prediction.label.tolist() == [1]
    torch.testing.assert_close(prediction.probability.sum(1), torch.ones(1))
    assert prediction.label_map is None


def test_decode_margin_is_the_difference_of_the_two_largest_probabilities():
    logits = torch.tensor([[0.0, 2.0, 1.0], [1.0, 1.0, 0.0]])
    first, second = logits.double().softmax(1).sort(1, descending=True).values[:, :2].T
    torch.testing.assert_close(decode(logits).confidences["margin"].double(), first - second, atol=1e-6, rtol=0)
    assert decode(torch.zeros(1, 1)).confidences["margin"].tolist() == [1]  # a single label
