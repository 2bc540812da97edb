"""A user's own network in the contract."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from robustbench_endo.errors import ModelError
from robustbench_endo.models import load_model, validate
from robustbench_endo.models.external.wrapper import ExternalModel

FILE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv = nn.Conv2d(3, classes, 1)
    def forward(self, x):
        return {"out": self.conv(x), "aux": x}

def plain(num_classes):
    return nn.Conv2d(3, num_classes, 3, padding=1)

def torchvision_style(num_classes=None, **others):
    assert "num_activities" in others
    return Net(num_classes)

def nothing():
    return 3

def function(num_classes):
    return lambda images: images.mean((2, 3))
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "my_models.py").write_text(FILE)
    return f"{tmp_path}/my_models.py"


@pytest.mark.parametrize("factory", ["plain", "torchvision_style"])
def test_a_plain_module_segments(file, frames, factory):
    model = load_model(f"{file}:{factory}", num_classes=5, num_activities=3)
    assert model(frames(2, 30, 40))["segmentation"].shape == (2, 5, 30, 40)
    assert not model.training
    assert model.spec == f"{file}:{factory}"
    assert len(model.weights_sha256) == 64
    assert validate(model, 5, 3) == {"segmentation": 5}


def test_a_function_with_one_row_per_image_is_an_activity_model(file, frames):
    assert load_model(f"{file}:function", num_classes=3)(frames(2))["activity"].shape == (2, 3)


def test_a_factory_that_makes_no_model(file):
    with pytest.raises(ModelError, match="to return a torch.nn.Module or another callable, got int"):
        load_model(f"{file}:nothing")


def test_an_input_size_is_obeyed(frames):
    inner = nn.Conv2d(3, 2, 1)
    inner.input_size = (20, 24)
    assert ExternalModel(inner, "mine")(frames(1))["segmentation"].shape == (1, 2, 20, 24)


@pytest.mark.parametrize(
    ("output", "found"),
    [
        (torch.zeros(2, 3, 4), r"a tensor of shape \(2, 3, 4\)"),
        ({"logits": torch.zeros(2)}, "a dict with 'logits'"),
        ([1], "list"),
        ({"segmentation": [1]}, "a dict with 'segmentation'"),
    ],
)
def test_outputs_that_are_no_logits(frames, output, found):
    with pytest.raises(ModelError, match=f"Expected the model 'mine' to return a dict .* got {found}"):
        ExternalModel(lambda _: output, "mine")(frames())


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        (lambda x: x[:, :1, 0, 0].repeat(1, 4), "Expected 3 activity outputs as in the data, got 4"),
        (lambda x: x.argmax(1, keepdim=True), r"Expected float segmentation logits .* got torch.int64"),
        (lambda x: x[:1], r"with B = 2, got torch.float32 \(1, 3"),
        (lambda x: x / 0 * 0, "Expected finite segmentation logits, got NaN"),
        (nn.Conv2d(4, 2, 1), r"to take float images \(2, 3, 128, 160\).* fails on them \(RuntimeError"),
        (nn.Conv2d(3, 2, 1), "Expected 7 segmentation outputs as in the data, got 2 in the model 'mine'"),
    ],
)
def test_the_dry_batch_finds_what_does_not_fit(inner, message):
    with pytest.raises(ModelError, match=message):
        validate(ExternalModel(inner, "mine"), num_classes=7, num_activities=3)
