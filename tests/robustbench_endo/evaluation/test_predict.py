"""One model on one batch: precision, validity and the contract of the outputs."""

import pytest
import torch
from torch import nn

from robustbench_endo.errors import ModelError, RobustEndoError, RunError
from robustbench_endo.evaluation.config import EvaluationConfig
from robustbench_endo.evaluation.predict import predict
from robustbench_endo.tasks.registry import TASKS


class Typed(nn.Module):
    """Stores the type of its outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 3, 1)
        self.types: list[torch.dtype] = []

    def forward(self, images):
        logits = self.layer(images)
        self.types.append(logits.dtype)
        return {"segmentation": logits}


def test_predict_in_bf16_is_recorded_in_the_run(make_plan, run):
    model = Typed()
    results = run(make_plan(frames=1, models={"m": model}, precision="bf16", workers=1))
    assert set(model.types) == {torch.bfloat16}
    assert results.info["precision"] == "bf16"
    with pytest.raises(RunError, match='precision changed from "bf16" to'):
        run(make_plan(frames=1, models={"m": model}))


def test_precision_has_to_be_known():
    with pytest.raises(RobustEndoError, match="Expected precision to be one of auto, fp32, bf16, got 'fp16'"):
        EvaluationConfig(precision="fp16")


def test_predict_of_an_invalid_frame_is_invalid_in_every_task():
    outputs = {"segmentation": torch.zeros(2, 3, 4, 4), "activity": torch.zeros(2, 2)}
    outputs["activity"][1, 0] = torch.nan
    predictions = predict(lambda images: outputs, torch.zeros(2, 3, 8, 8), TASKS)
    assert set(predictions) == {"segmentation", "activity"}
    for prediction in predictions.values():
        assert prediction.valid.tolist() == [True, False]


@pytest.mark.parametrize("outputs", [torch.zeros(2, 3, 4, 4), {"masks": torch.zeros(2, 3, 4, 4)}, None])
def test_predict_without_a_task_raises(outputs):
    with pytest.raises(ModelError, match="Expected a dict with 'segmentation' or 'activity' logits from the model"):
        predict(lambda images: outputs, torch.zeros(2, 3, 8, 8), TASKS)


def test_predict_of_logits_of_another_shape_raises():
    with pytest.raises(ModelError, match="Expected"):
        predict(lambda images: {"segmentation": torch.zeros(1, 3, 4, 4)}, torch.zeros(2, 3, 8, 8), TASKS)


def returning(**confidences):
    outputs = {"segmentation": torch.zeros(2, 3, 4, 4), "activity": torch.zeros(2, 2)}
    return lambda images: outputs | {name.replace("_", "/"): value for name, value in confidences.items()}


def test_predict_stores_the_confidence_of_the_model():
    both = torch.tensor([-3, 7])  # any finite number
    model = returning(confidence=both, confidence_activity=torch.tensor([0.5, 0.25], dtype=torch.bfloat16))
    predictions = predict(model, torch.zeros(2, 3, 8, 8), TASKS)
    assert predictions["segmentation"].confidences["user"].tolist() == [-3, 7]
    assert predictions["activity"].confidences["user"].tolist() == [0.5, 0.25]
    assert "user" not in predict(returning(), torch.zeros(2, 3, 8, 8), TASKS)["activity"].confidences


@pytest.mark.parametrize("value", [torch.nan, torch.inf, 1e300])
def test_predict_with_a_confidence_that_is_not_finite_is_invalid(value):
    model = returning(confidence_activity=torch.tensor([0.5, value], dtype=torch.float64))
    for prediction in predict(model, torch.zeros(2, 3, 8, 8), TASKS).values():
        assert prediction.valid.tolist() == [True, False]


@pytest.mark.parametrize("value", [torch.zeros(2, 1), torch.zeros(3), torch.tensor(0.5), [0.5, 0.5], torch.ones(2) > 0])
def test_predict_refuses_a_confidence_that_is_no_number_per_frame(value):
    with pytest.raises(ModelError, match=r"Expected one number per frame \(2,\) under 'confidence' from the model"):
        predict(returning(confidence=value), torch.zeros(2, 3, 8, 8), TASKS)
