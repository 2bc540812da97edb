"""What a user's model expects and what its outputs mean, declared in TOML."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from robustbench_endo.errors import ModelError, UnknownNameError
from robustbench_endo.models import load_model, validate
from robustbench_endo.models.external import Adapter, adapter_of
from robustbench_endo.models.external.wrapper import ExternalModel, log_probabilities

FILE = """
import torch
from torch import nn

def seen(num_classes=None):
    return lambda images: {"maps": {"x": 1}, "masks": images, "phase": images.mean((2, 3))}

def counted(num_classes):
    return nn.Conv2d(3, num_classes, 1)
"""
NAMES = ("tissue", "instrument", "needle")


@pytest.fixture
def spec(tmp_path: Path) -> str:
    (tmp_path / "mine.py").write_text(FILE)
    return f"{tmp_path}/mine.py:seen"


def write(tmp_path: Path, text: str, name: str = "a.toml") -> Path:
    (tmp_path / name).write_text(text)
    return tmp_path / name


SEEN = """
input_size = [24, 32]
channel_order = "BGR"
value_range = [0, 255]
mean = [10, 20, 30]
std = [1, 2, 4]
output = {segmentation = "masks", activity = "phase"}
"""


def test_the_model_sees_what_the_adapter_says(spec, tmp_path, frames):
    model = load_model(f"{spec}#{write(tmp_path, SEEN)}", 3, 3)
    images = frames(1, 24, 32)
    expected = (images.flip(1) * 255 - torch.tensor([10.0, 20, 30]).view(3, 1, 1)) / torch.tensor([1.0, 2, 4]).view(
        3, 1, 1
    )
    torch.testing.assert_close(model(images)["segmentation"], expected)
    assert model.input_size == (24, 32)
    assert model(frames(2, 60, 80))["segmentation"].shape == (2, 3, 24, 32)
    assert validate(model, 3, 3) == {"segmentation": 3, "activity": 3}


def test_an_adapter_beside_the_file_is_found(spec, tmp_path, frames):
    write(tmp_path, 'output = {activity = "phase"}\n', "mine.adapter.toml")
    assert set(load_model(spec, 3, 3)(frames(1))) == {"activity"}


def test_classes_are_translated(tmp_path, spec, frames):
    adapter = write(tmp_path, 'classes = ["needle", "tissue", "tissue", "instrument"]\n')
    counted = spec.replace("seen", "counted")
    model = load_model(f"{counted}#{adapter}", classes=NAMES)
    assert model(frames(1))["segmentation"].shape[1] == 3  # the factory was asked for four
    assert (model.classes, model.num_classes) == (NAMES, 3)
    with pytest.raises(ModelError, match=r"Expected the names of the dataset's classes .* load_model\(..., classes="):
        load_model(f"{counted}#{adapter}", 3)


def test_a_class_that_nothing_becomes_is_said(tmp_path, spec):
    adapter = write(tmp_path, 'classes = {1 = "instrument"}\nunmapped = "background"\n')
    with pytest.warns(UserWarning, match="gives no class of the model to needle: they can never be predicted"):
        load_model(f"{spec}#{adapter}", 3, classes=NAMES)


def test_a_changed_adapter_changes_the_state(tmp_path, spec, frames):
    counted = spec.replace("seen", "counted")
    one = load_model(f"{counted}#{write(tmp_path, 'value_range = [0, 255]', 'a.toml')}", 3)
    two = load_model(f"{counted}#{write(tmp_path, 'value_range = [-1, 1]', 'b.toml')}", 3)
    assert torch.equal(one.inner.weight, two.inner.weight)
    assert one.weights_sha256 != two.weights_sha256
    assert "identity" not in load_model(counted, 3).state_dict()


def test_a_zoo_model_below_an_adapter(tmp_path, frames):
    adapter = write(tmp_path, 'classes = ["needle", "needle", "tissue", "instrument"]\n')
    spec = "tiny-resnet/hps@input_size=32x48,width=12,head_channels=8"
    plain, model = load_model(spec, 4), load_model(f"{spec}#{adapter}", classes=NAMES)
    own, mapped = (m(frames(1))["segmentation"].softmax(1) for m in (plain, model))
    torch.testing.assert_close(mapped[:, 2], own[:, 0] + own[:, 1])


def test_one_channel_is_the_foreground_of_two_classes(frames):
    probability = frames(2)[:, :1]
    logit = log_probabilities(probability)
    torch.testing.assert_close(logit.sigmoid(), probability, atol=1e-6, rtol=1e-5)
    assert log_probabilities(torch.tensor([[[[0.0, 1.0]]]])).isfinite().all()


def test_probabilities_become_logits(frames):
    inner = lambda images: images.softmax(1)  # noqa: E731
    model = ExternalModel(inner, "mine", Adapter(scores="probabilities"))
    images = frames(1)
    torch.testing.assert_close(model(images)["segmentation"].softmax(1), images.softmax(1))


def test_frames_become_multiples(frames):
    model = ExternalModel(nn.Identity(), "mine", Adapter(multiple_of=32))
    assert model(frames(1, 65, 96))["segmentation"].shape == (1, 3, 96, 96)


@pytest.mark.parametrize("place", ["mask", 7])
def test_an_output_that_is_not_there(spec, tmp_path, frames, place):
    adapter = write(tmp_path, f"output = {{segmentation = {place!r}}}\n")
    with pytest.raises(ModelError, match=f"Expected an output {place!r} of the model .* got a dict with 'maps'"):
        load_model(f"{spec}#{adapter}", 3)(frames(1))


@pytest.mark.parametrize(
    ("content", "error", "text"),
    [
        ({"inputsize": [1, 2]}, UnknownNameError, "'inputsize': did you mean input_size"),
        ({"output": {"mask": 0}}, UnknownNameError, "task of the adapter here, got 'mask'"),
        ({"input_size": [512]}, ModelError, r"Expected \[height, width\] .* got \[512\]"),
        ({"input_size": 512}, ModelError, "got 512"),
        ({"std": [1, 0, 1]}, ModelError, "three positive numbers"),
        ({"mean": [1, "a", 1]}, ModelError, "Expected three numbers as mean"),
        ({"value_range": [1, 0]}, ModelError, r"\[black, white\]"),
        ({"channel_order": "rgb"}, ModelError, "Expected RGB or BGR"),
        ({"scores": "softmax"}, ModelError, "logits or probabilities"),
        ({"classes": []}, ModelError, "names of the dataset's classes"),
        ({"classes": [1, 2]}, ModelError, "names of the dataset's classes"),
        ({"output": {"activity": True}}, ModelError, "a key or an index"),
        ({"unmapped": ""}, ModelError, "refuse, background or a class"),
    ],
)
def test_a_declaration_that_cannot_be(content, error, text):
    with pytest.raises(error, match=text):
        adapter_of(content, "here")


def test_files_that_are_no_adapter(spec, tmp_path):
    with pytest.raises(ModelError, match="Expected an adapter file, got no nothing.toml"):
        load_model(f"{spec}#nothing.toml", 3)
    with pytest.raises(ModelError, match="Expected TOML in the adapter"):
        load_model(f"{spec}#{write(tmp_path, 'mean = [')}", 3)
