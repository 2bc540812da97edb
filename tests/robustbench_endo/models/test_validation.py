"""The dry batches find what would spoil a long run."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import nn

from robustbench_endo.errors import ModelError
from robustbench_endo.models import validate
from robustbench_endo.models.external.wrapper import ExternalModel


def model(inner) -> ExternalModel:
    return ExternalModel(inner, "mine").eval()


def test_a_good_model_says_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert validate(model(nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Dropout())), 4, 3) == {
            "segmentation": 4
        }


def test_a_model_that_predicts_nothing_of_the_data():
    with pytest.raises(ModelError, match="to predict activity, which is what the data have, got only segmentation"):
        validate(model(nn.Conv2d(3, 4, 1)), None, 3)


def test_a_model_that_changes_its_input():
    with pytest.raises(ModelError, match="to leave its input alone, got it changed"):
        validate(model(lambda images: images.sub_(0.5)), 3, None)


def test_weights_that_are_not_finite():
    inner = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))
    inner[1].running_var[0] = float("nan")
    with pytest.raises(ModelError, match=r"got NaN or infinity in inner.1.running_var: use an earlier"):
        validate(model(inner), 3, None)
    nn.init.constant_(inner[0].weight, float("inf"))
    with pytest.raises(ModelError, match=r"inner.0.weight and 1 more"):
        validate(model(inner), 3, None)


def test_an_infinite_mask_is_no_broken_weight():
    inner = nn.Conv2d(3, 3, 1)
    inner.register_buffer("mask", torch.tensor(float("-inf")))
    assert validate(model(inner), 3, None) == {"segmentation": 3}


class Stuck(nn.Module):
    """A module that stays in training mode, as frozen exports do."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner.train()

    def forward(self, images):
        return self.inner(images).repeat(1, 2, 1, 1)[:, :4] * 1

    def train(self, mode=True):
        return self


def test_dropout_at_work_is_said():
    with pytest.warns(UserWarning, match="the same frames differently .*Dropout.* in training mode: results will not"):
        validate(model(Stuck(nn.Dropout(0.5))), 4, None)


def test_a_frame_that_depends_on_its_neighbours_is_said():
    with pytest.warns(UserWarning, match="a frame differently beside others .*BatchNorm2d.* in training mode"):
        validate(model(Stuck(nn.BatchNorm2d(3, track_running_stats=False))), 4, None)


def test_probabilities_are_recognised():
    with pytest.warns(UserWarning, match='seems to return probabilities .segmentation.: set scores = "probabilities"'):
        validate(model(nn.Softmax(1)), 3, None)


def test_logits_elsewhere_than_the_frames():
    with pytest.raises(ModelError, match="Expected segmentation logits on cpu, got them on meta"):
        validate(model(lambda images: torch.zeros(2, 3, 4, 4, device="meta")), 3, None)
