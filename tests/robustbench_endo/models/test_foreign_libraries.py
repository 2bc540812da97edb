"""Models of segmentation-models-pytorch and transformers; stand-ins where the packages are not installed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from robustbench_endo.cli.resolve_inputs import load_models_and_data
from robustbench_endo.errors import ModelError, OptionalDependencyError, UnknownNameError
from robustbench_endo.models import load_model


class StandIn(nn.Module):
    """What both libraries' networks come down to."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, classes, 1)

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return self.conv(pixel_values)


@pytest.fixture
def smp(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's functions that are called, with its answers to what it does not know."""

    def create_model(arch, encoder_name, encoder_weights, in_channels, classes):
        assert encoder_weights is None
        if encoder_name == "mit_b0" and arch == "Linknet":
            raise ValueError("Encoder `mit_b0` is not supported for Linknet")
        return StandIn(classes)

    library = SimpleNamespace(
        base=SimpleNamespace(SegmentationModel=StandIn),
        encoders=SimpleNamespace(get_encoder_names=lambda: ["resnet18", "resnet34", "mit_b0"]),
        create_model=create_model,
        Unet=type("Unet", (StandIn,), {}),
        Linknet=type("Linknet", (StandIn,), {}),
    )
    monkeypatch.setitem(sys.modules, "segmentation_models_pytorch", library)


@pytest.mark.parametrize(
    "spec", ["smp:Unet/resnet18", "smp:unet@encoder=resnet18", "smp:Unet@classes=5", "smp:Unet/tu-x"]
)
def test_an_smp_network_is_normalised_and_fed_multiples_of_32(smp, frames, spec):
    model = load_model(spec, num_classes=5)
    images = frames(1, 33, 64)
    assert model(images)["segmentation"].shape == (1, 5, 64, 64)
    images = frames(1, 32, 32)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    torch.testing.assert_close(model(images)["segmentation"], model.inner((images - mean) / std))


def test_an_smp_network_with_weights(smp, tmp_path, frames):
    torch.manual_seed(5)
    trained = StandIn(4)
    save_file(trained.state_dict(), tmp_path / "w.safetensors")
    model = load_model(f"smp:Unet/resnet18@weights={tmp_path}/w.safetensors", num_classes=4)
    assert torch.equal(model.inner.conv.weight, trained.conv.weight)
    with pytest.raises(ModelError, match="of another shape"):
        load_model(f"smp:Unet/resnet18@weights={tmp_path}/w.safetensors", num_classes=5)


@pytest.mark.parametrize(
    ("spec", "error", "text"),
    [
        ("smp:Unett/resnet18", UnknownNameError, "smp architecture, got 'Unett': did you mean Unet"),
        ("smp:Unet/resnet19", UnknownNameError, "smp encoder, got 'resnet19': did you mean resnet18"),
        ("smp:Unet@encodr=resnet18", UnknownNameError, "smp option, got 'encodr': did you mean encoder"),
        ("smp:Unet@classes=many", ModelError, "number of classes .* got many"),
        ("smp:Unet", ModelError, "number of classes .* got none"),
        ("smp:Linknet/mit_b0@classes=2", ModelError, "fit each other, got Linknet with mit_b0: Encoder `mit_b0`"),
    ],
)
def test_smp_specs_that_mean_nothing(smp, spec, error, text):
    with pytest.raises(error, match=text):
        load_model(spec)


def test_the_real_smp(frames):
    pytest.importorskip("segmentation_models_pytorch", exc_type=ImportError)
    assert load_model("smp:Unet/resnet18", 3)(frames(1, 70, 90))["segmentation"].shape == (1, 3, 96, 96)
    with pytest.raises(UnknownNameError, match="did you mean"):
        load_model("smp:Unett", 3)


def test_fresh_weights_are_not_evaluated():
    with pytest.raises(ModelError, match="Expected trained weights for the model 'smp:Unet/resnet18', got none"):
        load_models_and_data(["smp:Unet/resnet18"], "synthetic", None, None, None)


class HuggingFace(nn.Module):
    """An ``AutoModelForSemanticSegmentation`` of four classes."""

    def __init__(self) -> None:
        super().__init__()
        self.body = StandIn(4)
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
def test_a_transformers_folder_brings_its_preparation(hf, frames, prefix):
    model = load_model(f"{prefix}{hf}")
    images = frames(1, 24, 32)
    mean, std = (torch.tensor(PROCESSOR[key]).view(3, 1, 1) for key in ("image_mean", "image_std"))
    expected = model.inner.model.body((images - mean) / std)
    torch.testing.assert_close(model(images)["segmentation"], expected)
    assert model.input_size == (24, 32)


def test_a_transformers_model_is_translated_by_its_names(hf, frames):
    adapter = hf / "adapter.toml"
    adapter.write_text('unmapped = "background"\n[classes]\ngrasper = "tool"\nhook = "tool"\n')
    mapped = load_model(f"hf:{hf}#{adapter}", classes=("rest", "tool"))
    own = mapped.inner(frames(1, 24, 32))["segmentation"].shape
    assert own[1] == 4
    assert mapped(frames(1))["segmentation"].shape[1] == 2
    adapter.write_text('[classes]\ngraspr = "tool"\n')
    with pytest.raises(UnknownNameError, match="class of the model, got 'graspr': did you mean grasper"):
        load_model(f"hf:{hf}#{adapter}", classes=("rest", "tool"))


def test_transformers_models_that_cannot_be_had(hf):
    with pytest.raises(ModelError, match=r"got: We couldn't connect to .* without a network, give the folder"):
        load_model("hf:nvidia/segformer")
    headless = hf.rename(hf.with_name("headless"))
    with pytest.raises(ModelError, match=r"1 tensors missing \(decode_head.weight\): it was not trained"):
        load_model(f"hf:{headless}")


@pytest.mark.parametrize(("spec", "extra"), [("hf:x", "hf"), ("smp:Unet", "smp")])
def test_a_missing_package_names_its_extra(monkeypatch, spec, extra):
    for name in ("transformers", "segmentation_models_pytorch"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(OptionalDependencyError, match=rf"robustbench-endo\[{extra}\]"):
        load_model(spec, 2)
