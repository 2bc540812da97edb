"""Models of transformers, with a stand-in where it is not installed."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from robustbench_endo.errors import ModelError, UnknownNameError
from robustbench_endo.models import load_model


class HuggingFace(nn.Module):
    """An ``AutoModelForSemanticSegmentation`` of four classes."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Conv2d(3, 4, 1)
        self.config = SimpleNamespace(id2label={0: "bg", 1: "grasper", 2: "hook", 3: "fat"})

    def forward(self, pixel_values: torch.Tensor) -> SimpleNamespace:
        return SimpleNamespace(logits=self.body(pixel_values))


PROCESSOR = {"size": {"height": 24, "width": 32}, "image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4]}


@pytest.fixture
def hf(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder as ``save_pretrained`` writes it, and the library's functions that are called."""

    def from_pretrained(name, trust_remote_code, output_loading_info):
        assert trust_remote_code is False
        if not Path(name).is_dir():
            raise OSError(f"We couldn't connect to 'https://huggingface.co' to load {name}.\nCheck your connection")
        missing = {"decode_head.weight"} if "headless" in name else set()
        return HuggingFace(), {"missing_keys": missing}

    def settings(name):
        return json.loads((Path(name) / "preprocessor_config.json").read_text()), {}

    library = SimpleNamespace(
        AutoModelForSemanticSegmentation=SimpleNamespace(from_pretrained=from_pretrained),
        image_processing_base=SimpleNamespace(ImageProcessingMixin=SimpleNamespace(get_image_processor_dict=settings)),
    )
    monkeypatch.setitem(sys.modules, "transformers", library)
    folder = tmp_path / "segformer"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "segformer"}))
    (folder / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
    return folder


@pytest.mark.parametrize("prefix", ["hf:", ""])
def test_load_huggingface_uses_the_image_processor(hf, frames, prefix):
    model = load_model(f"{prefix}{hf}")
    images = frames(1, 24, 32)
    mean, std = (torch.tensor(PROCESSOR[key]).view(3, 1, 1) for key in ("image_mean", "image_std"))
    expected = model.inner.model.body((images - mean) / std)
    torch.testing.assert_close(model(images)["segmentation"], expected)
    assert model.input_size == (24, 32)


def test_load_huggingface_without_an_image_processor_warns(hf, frames):
    (hf / "preprocessor_config.json").unlink()
    with pytest.warns(
        UserWarning, match=r"has no preprocessor_config.json: it gets frames as they are, RGB in \[0, 1\]"
    ):
        model = load_model(f"hf:{hf}")
    images = frames(1, 24, 32)
    torch.testing.assert_close(model(images)["segmentation"], model.inner.model.body(images))


@pytest.mark.parametrize("text", ["", "mean = [0.5, 0.5, 0.5]\nstd = [0.2, 0.2, 0.2]\n", "input_size = [24, 32]\n"])
def test_load_huggingface_with_known_preprocessing_does_not_warn(hf, text):
    if text:
        (hf / "preprocessor_config.json").unlink()
        (hf / "adapter.toml").write_text(text)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        load_model(str(hf))


def test_load_huggingface_translates_classes_by_name(hf, frames):
    adapter = hf / "adapter.toml"
    adapter.write_text('unmapped = "background"\n[classes]\ngrasper = "tool"\nhook = "tool"\n')
    mapped = load_model(f"hf:{hf}#{adapter}", classes=("rest", "tool"))
    assert mapped.inner(frames(1, 24, 32))["segmentation"].shape[1] == 4
    assert mapped(frames(1))["segmentation"].shape[1] == 2
    adapter.write_text('[classes]\ngraspr = "tool"\n')
    with pytest.raises(UnknownNameError, match="class of the model, got 'graspr': did you mean grasper"):
        load_model(f"hf:{hf}#{adapter}", classes=("rest", "tool"))


def test_load_huggingface_of_missing_or_untrained_models_raises(hf):
    text = "Cannot load a transformers model .*: We couldn't connect to .* without a network, give the folder"
    with pytest.raises(ModelError, match=text):
        load_model("hf:nvidia/segformer")
    headless = hf.rename(hf.with_name("headless"))
    with pytest.raises(ModelError, match=r"1 tensors missing \(decode_head.weight\): it was not trained"):
        load_model(f"hf:{headless}")
