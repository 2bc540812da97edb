"""segmentation-models-pytorch, with a stand-in where it is not installed."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from robustbench_endo.cli.resolve_inputs import load_models_and_data
from robustbench_endo.errors import ModelError, OptionalDependencyError, UnknownNameError
from robustbench_endo.models import load_model


class StandIn(nn.Module):
    """A network of the library."""

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
def test_load_smp_normalises_and_resizes_to_multiples_of_32(smp, frames, spec):
    model = load_model(spec, num_classes=5)
    images = frames(1, 33, 64)
    assert model(images)["segmentation"].shape == (1, 5, 64, 64)
    images = frames(1, 32, 32)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    torch.testing.assert_close(model(images)["segmentation"], model.inner((images - mean) / std))


def test_load_smp_reads_weights(smp, tmp_path, frames):
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
def test_load_smp_of_unknown_names_raises(smp, spec, error, text):
    with pytest.raises(error, match=text):
        load_model(spec)


def test_load_smp_with_the_library_itself(frames):
    pytest.importorskip("segmentation_models_pytorch", exc_type=ImportError)
    assert load_model("smp:Unet/resnet18", 3)(frames(1, 70, 90))["segmentation"].shape == (1, 3, 96, 96)
    with pytest.raises(UnknownNameError, match="did you mean"):
        load_model("smp:Unett", 3)


def test_load_smp_without_weights_is_not_evaluated():
    with pytest.raises(ModelError, match="Expected trained weights for the model 'smp:Unet/resnet18', got none"):
        load_models_and_data(["smp:Unet/resnet18"], "synthetic", None, None, None)


@pytest.mark.parametrize(("spec", "extra"), [("hf:x", "hf"), ("smp:Unet", "smp")])
def test_load_model_without_the_package_names_the_extra(monkeypatch, spec, extra):
    for name in ("transformers", "segmentation_models_pytorch"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(OptionalDependencyError, match=rf"robustbench-endo\[{extra}\]"):
        load_model(spec, 2)
