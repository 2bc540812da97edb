"""A user's network as a model: preprocessing and outputs."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from robustbench_endo.errors import ModelError, UnknownNameError
from robustbench_endo.models.external import IOSpec, parse_io_spec
from robustbench_endo.models.external.wrapper import ExternalModel, log_probabilities, to_logits_dict


def test_external_model_resizes_to_the_input_size(frames):
    inner = nn.Conv2d(3, 2, 1)
    inner.input_size = (20, 24)
    assert ExternalModel(inner, "mine")(frames(1))["segmentation"].shape == (1, 2, 20, 24)


@pytest.mark.parametrize(
    ("output", "actual"),
    [
        (torch.zeros(2, 3, 4), r"a tensor of shape \(2, 3, 4\)"),
        ({"logits": torch.zeros(2)}, "a dict with 'logits'"),
        ([1], "list"),
        ({"segmentation": [1]}, "a dict with 'segmentation'"),
    ],
)
def test_to_logits_dict_of_other_outputs_raises(frames, output, actual):
    with pytest.raises(ModelError, match=f"Expected the model 'mine' to return a dict .* got {actual}"):
        ExternalModel(lambda _: output, "mine")(frames())


def test_log_probabilities_of_one_channel_are_log_odds(frames):
    probability = frames(2)[:, :1]
    logit = log_probabilities(probability)
    torch.testing.assert_close(logit.sigmoid(), probability, atol=1e-6, rtol=1e-5)
    assert log_probabilities(torch.tensor([[[[0.0, 1.0]]]])).isfinite().all()


def test_external_model_turns_probabilities_into_logits(frames):
    inner = lambda images: images.softmax(1)  # noqa: E731
    model = ExternalModel(inner, "mine", IOSpec(scores="probabilities"))
    images = frames(1)
    torch.testing.assert_close(model(images)["segmentation"].softmax(1), images.softmax(1))


def test_external_model_resizes_to_multiples(frames):
    model = ExternalModel(nn.Identity(), "mine", IOSpec(multiple_of=32))
    assert model(frames(1, 65, 96))["segmentation"].shape == (1, 3, 96, 96)


@pytest.mark.parametrize(("shape", "task"), [((2, 3, 4, 5), "segmentation"), ((2, 3), "activity")])
@pytest.mark.parametrize("key", ["out", "logits"])
def test_to_logits_dict_reads_keys_and_attributes_of_libraries(shape, task, key):
    tensor = torch.zeros(shape)
    for output in ({key: tensor, "aux": None}, SimpleNamespace(**{key: tensor, "loss": None})):
        assert to_logits_dict(output, "net")[task] is tensor


def test_to_logits_dict_refuses_logits_without_a_known_rank():
    with pytest.raises(ModelError, match="got SimpleNamespace"):
        to_logits_dict(SimpleNamespace(logits=torch.zeros(2, 4, 5)), "net")


def test_external_model_hands_on_confidences(frames):
    logits, sure = torch.zeros(2, 3, 4, 4), torch.tensor([0.2, 0.9])
    outputs = {"out": logits, "confidence": sure, "features": logits}
    assert ExternalModel(lambda _: outputs, "mine")(frames())["confidence"] is sure
    spec = parse_io_spec({"output": {"segmentation": 0, "confidence/segmentation": 1}}, "adapter")
    named = ExternalModel(lambda _: (logits, sure), "mine", spec)(frames())
    assert set(named) == {"segmentation", "confidence/segmentation"}
    with pytest.raises(UnknownNameError, match="confidence/segmentation"):
        ExternalModel(lambda _: {"segmentation": logits, "confidence/segmentaton": sure}, "mine")(frames())
