"""Adapters from files: found next to a model, and applied to its inputs and outputs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from robustbench_endo.errors import ModelError
from robustbench_endo.models import load_model, validate

FILE = """
import torch
from torch import nn

def as_is(num_classes=None):
    return lambda images: {"maps": {"x": 1}, "masks": images, "phase": images.mean((2, 3))}

def counted(num_classes):
    return nn.Conv2d(3, num_classes, 1)
"""


NAMES = ("tissue", "instrument", "needle")


@pytest.fixture
def spec(tmp_path: Path) -> str:
    (tmp_path / "mine.py").write_text(FILE)
    return f"{tmp_path}/mine.py:as_is"


def write(tmp_path: Path, text: str, name: str = "a.toml") -> Path:
    (tmp_path / name).write_text(text)
    return tmp_path / name


INPUTS = """
input_size = [24, 32]
channel_order = "BGR"
value_range = [0, 255]
mean = [10, 20, 30]
std = [1, 2, 4]
output = {segmentation = "masks", activity = "phase"}
"""


def test_wrap_model_prepares_frames_as_the_adapter_declares(spec, tmp_path, frames):
    model = load_model(f"{spec}#{write(tmp_path, INPUTS)}", 3, 3)
    images = frames(1, 24, 32)
    expected = (images.flip(1) * 255 - torch.tensor([10.0, 20, 30]).view(3, 1, 1)) / torch.tensor([1.0, 2, 4]).view(
        3, 1, 1
    )
    torch.testing.assert_close(model(images)["segmentation"], expected)
    assert model.input_size == (24, 32)
    assert model(frames(2, 60, 80))["segmentation"].shape == (2, 3, 24, 32)
    assert validate(model, 3, 3) == {"segmentation": 3, "activity": 3}


def test_load_io_spec_finds_the_adapter_next_to_the_file(spec, tmp_path, frames):
    write(tmp_path, 'output = {activity = "phase"}\n', "mine.adapter.toml")
    assert set(load_model(spec, 3, 3)(frames(1))) == {"activity"}


def test_wrap_model_translates_classes(tmp_path, spec, frames):
    adapter = write(tmp_path, 'classes = ["needle", "tissue", "tissue", "instrument"]\n')
    counted = spec.replace("as_is", "counted")
    model = load_model(f"{counted}#{adapter}", classes=NAMES)
    assert model(frames(1))["segmentation"].shape[1] == 3  # the factory was called with four
    assert (model.classes, model.num_classes) == (NAMES, 3)
    with pytest.raises(ModelError, match=r"Expected the names of the dataset's classes .* load_model\(..., classes="):
        load_model(f"{counted}#{adapter}", 3)


def test_wrap_model_warns_of_a_class_that_is_never_predicted(tmp_path, spec):
    adapter = write(tmp_path, 'classes = {1 = "instrument"}\nunmapped = "background"\n')
    with pytest.warns(UserWarning, match="gives no class of the model to needle: they can never be predicted"):
        load_model(f"{spec}#{adapter}", 3, classes=NAMES)


def test_wrap_model_with_a_changed_adapter_changes_the_state(tmp_path, spec, frames):
    counted = spec.replace("as_is", "counted")
    one = load_model(f"{counted}#{write(tmp_path, 'value_range = [0, 255]', 'a.toml')}", 3)
    two = load_model(f"{counted}#{write(tmp_path, 'value_range = [-1, 1]', 'b.toml')}", 3)
    assert torch.equal(one.inner.weight, two.inner.weight)
    assert one.weights_sha256 != two.weights_sha256
    assert "identity" not in load_model(counted, 3).state_dict()


def test_wrap_model_translates_a_zoo_model(tmp_path, frames):
    adapter = write(tmp_path, 'classes = ["needle", "needle", "tissue", "instrument"]\n')
    spec = "tiny-resnet/hps@input_size=32x48,width=12,head_channels=8"
    plain, model = load_model(spec, 4), load_model(f"{spec}#{adapter}", classes=NAMES)
    original, mapped = (m(frames(1))["segmentation"].softmax(1) for m in (plain, model))
    torch.testing.assert_close(mapped[:, 2], original[:, 0] + original[:, 1])


@pytest.mark.parametrize("key", ["mask", 7])
def test_wrap_model_with_a_missing_output_raises(spec, tmp_path, frames, key):
    adapter = write(tmp_path, f"output = {{segmentation = {key!r}}}\n")
    with pytest.raises(ModelError, match=f"Expected an output {key!r} of the model .* got a dict with 'maps'"):
        load_model(f"{spec}#{adapter}", 3)(frames(1))


def test_load_io_spec_of_other_files_raises(spec, tmp_path):
    with pytest.raises(ModelError, match="Expected an adapter file, got no nothing.toml"):
        load_model(f"{spec}#nothing.toml", 3)
    with pytest.raises(ModelError, match="invalid TOML"):
        load_model(f"{spec}#{write(tmp_path, 'mean = [')}", 3)


def test_wrap_model_uses_the_adapter_next_to_a_model_file(model_files, tmp_path, frames):
    shutil.copy(model_files / "script.model", tmp_path / "m.pt")
    (tmp_path / "m.adapter.toml").write_text('classes = ["a", "b", "b", "a"]\n')
    assert load_model(f"{tmp_path}/m.pt", classes=("a", "b"))(frames(1))["segmentation"].shape[1] == 2
