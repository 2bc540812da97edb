"""Checks on a small batch before a long run."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import nn

from robustbench_endo.errors import ModelError
from robustbench_endo.models import validate
from robustbench_endo.models.external.wrapper import ExternalModel
from robustbench_endo.models.validation import dry_frames


def model(inner) -> ExternalModel:
    return ExternalModel(inner, "mine").eval()


def test_validate_accepts_a_good_model_without_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert validate(model(nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Dropout())), 4, 3) == {
            "segmentation": 4
        }


def test_validate_without_a_task_of_the_data_raises():
    with pytest.raises(ModelError, match="to predict activity, which is what the data have, got only segmentation"):
        validate(model(nn.Conv2d(3, 4, 1)), None, 3)


def test_validate_of_a_model_that_changes_its_input_raises():
    with pytest.raises(ModelError, match="not to change its input, got it changed"):
        validate(model(lambda images: images.sub_(0.5)), 3, None)


def test_validate_of_weights_that_are_not_finite_raises():
    inner = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))
    inner[1].running_var[0] = float("nan")
    with pytest.raises(ModelError, match=r"got NaN or infinity in inner.1.running_var: use an earlier"):
        validate(model(inner), 3, None)
    nn.init.constant_(inner[0].weight, float("inf"))
    with pytest.raises(ModelError, match=r"inner.0.weight and 1 more"):
        validate(model(inner), 3, None)


def test_validate_accepts_an_infinite_mask():
    inner = nn.Conv2d(3, 3, 1)
    inner.register_buffer("mask", torch.tensor(float("-inf")))
    assert validate(model(inner), 3, None) == {"segmentation": 3}


class AlwaysTraining(nn.Module):
    """A module that stays in training mode, as frozen exports do."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner.train()

    def forward(self, images):
        return self.inner(images).repeat(1, 2, 1, 1)[:, :4] * 1

    def train(self, mode=True):
        return self


def test_validate_warns_of_active_dropout():
    with pytest.warns(
        UserWarning, match="the same frames different outputs .*Dropout.* in training mode: results will differ"
    ):
        validate(model(AlwaysTraining(nn.Dropout(0.5))), 4, None)


def test_validate_warns_of_frames_that_depend_on_the_batch():
    with pytest.warns(UserWarning, match="a frame another output in a batch .*BatchNorm2d.* in training mode"):
        validate(model(AlwaysTraining(nn.BatchNorm2d(3, track_running_stats=False))), 4, None)


def test_validate_warns_of_probabilities():
    with pytest.warns(UserWarning, match='seems to return probabilities .segmentation.: set scores = "probabilities"'):
        validate(model(nn.Softmax(1)), 3, None)


def test_validate_of_logits_on_another_device_raises():
    with pytest.raises(ModelError, match="Expected segmentation logits on cpu, got them on meta"):
        validate(model(lambda images: torch.zeros(2, 3, 4, 4, device="meta")), 3, None)


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        (lambda x: x[:, :1, 0, 0].repeat(1, 4), "Expected 3 activity outputs as in the data, got 4"),
        (lambda x: x.argmax(1, keepdim=True), r"Expected float segmentation logits .* got torch.int64"),
        (lambda x: x[:1], r"with B = 2, got torch.float32 \(1, 3"),
        (lambda x: x / 0 * 0, "Expected finite segmentation logits, got NaN"),
        (nn.Conv2d(4, 2, 1), r"Cannot run the model 'mine' on float images \(2, 3, 128, 160\).*: RuntimeError"),
        (nn.Conv2d(3, 2, 1), "Expected 7 segmentation outputs as in the data, got 2 in the model 'mine'"),
    ],
)
def test_validate_of_outputs_that_do_not_fit_raises(inner, message):
    with pytest.raises(ModelError, match=message):
        validate(ExternalModel(inner, "mine"), num_classes=7, num_activities=3)


def test_dry_frames_are_float32_whatever_the_default_is():
    """As the frames of a run; else a float64 network would pass here and fail there."""
    torch.set_default_dtype(torch.float64)
    try:
        assert dry_frames((4, 6), torch.device("cpu")).dtype == torch.float32
    finally:
        torch.set_default_dtype(torch.float32)
