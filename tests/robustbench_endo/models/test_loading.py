"""From a spec, a checkpoint or a user's file to a model, and the errors on the way."""

from __future__ import annotations

import pytest
from safetensors.torch import save_file
from torch import nn

from robustbench_endo.errors import ModelError, UnknownNameError
from robustbench_endo.models import load_model, validate

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

class SmallNet(nn.Conv2d):
    def __init__(self, num_classes=4):
        super().__init__(3, num_classes, 1)

def nothing():
    return 3

def function(num_classes):
    return lambda images: images.mean((2, 3))
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "my_models.py").write_text(FILE)
    return f"{tmp_path}/my_models.py"


def test_load_model_with_other_label_counts_names_them(checkpoint):
    with pytest.raises(ModelError, match="model for 7 classes, got 3 in the checkpoint"):
        load_model(str(checkpoint), num_classes=7)
    with pytest.raises(ModelError, match="model for 5 activities, got 2 in the checkpoint"):
        load_model(str(checkpoint), num_activities=5)


def test_load_model_with_weights_of_another_shape_names_them(checkpoint, small_spec):
    with pytest.raises(ModelError, match=r"2 of \d+ tensors of another shape \(heads.segmentation.classifier.weight"):
        load_model(small_spec, 4, 2, weights=checkpoint / "model.safetensors")


def test_load_model_with_a_checkpoint_of_another_spec_raises(checkpoint):
    with pytest.raises(ModelError, match="Expected a checkpoint of 'tiny-resnet/mmoe', got one of 'tiny-resnet/hps@"):
        load_model("tiny-resnet/mmoe", weights=checkpoint)


def test_load_model_of_an_unknown_name_raises():
    with pytest.raises(UnknownNameError, match="No checkpoint folder or model file has that name either"):
        load_model("runs/nowhere", 3, 2)


@pytest.mark.parametrize("factory", ["plain", "torchvision_style"])
def test_load_model_of_a_factory_with_one_output(file, frames, factory):
    model = load_model(f"{file}:{factory}", num_classes=5, num_activities=3)
    assert model(frames(2, 30, 40))["segmentation"].shape == (2, 5, 30, 40)
    assert not model.training
    assert model.spec == f"{file}:{factory}"
    assert len(model.weights_sha256) == 64
    assert validate(model, 5, 3) == {"segmentation": 5}


def test_load_model_of_a_function_with_one_row_per_image(file, frames):
    assert load_model(f"{file}:function", num_classes=3)(frames(2))["activity"].shape == (2, 3)


def test_load_model_of_a_class_in_a_file(file, frames):
    loaded = load_model(f"{file}:SmallNet", num_classes=3)
    assert loaded(frames(2))["segmentation"].shape[1] == 3
    assert [path.name for path in loaded.source_files] == ["my_models.py"]


def test_load_model_of_a_factory_without_a_model_raises(file):
    with pytest.raises(ModelError, match="to return a torch.nn.Module or another callable, got int"):
        load_model(f"{file}:nothing")


def test_load_model_loads_a_weight_file_into_the_module_of_a_factory(model_files, tmp_path, frames):
    (tmp_path / "mine.py").write_text("from torch import nn\ndef build():\n    return nn.Conv2d(3, 4, 1)\n")
    save_file(nn.Conv2d(3, 4, 1).state_dict(), tmp_path / "w.safetensors")
    model = load_model(f"{tmp_path}/mine.py:build", weights=tmp_path / "w.safetensors")
    assert model(frames(1))["segmentation"].shape[1] == 4
    with pytest.raises(ModelError, match=r"tensors missing"):
        load_model(f"{tmp_path}/mine.py:build", weights=model_files / "state.pt")
