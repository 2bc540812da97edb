"""From a spec, a checkpoint or a user's file to a model; every wrong turn is one sentence."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from robustbench_endo.errors import ModelError, UnknownNameError
from robustbench_endo.models import SHIPPED, card_of, load_model, save_checkpoint, validate
from robustbench_endo.models.shipped import FOLDER, folder_of

SPEC = "tiny-resnet/hps@width=12,head_channels=8,input_size=32x40"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    model = load_model(SPEC, 3, 2)
    model.classes, model.activities = ("tissue", "shaft", "jaw"), ("idle", "cut")
    return save_checkpoint(tmp_path / "checkpoint", model.state_dict(), card_of(model, {"epochs": 1}))


def rewrite(checkpoint: Path, change) -> None:
    weights = load_file(checkpoint / "model.safetensors")
    save_file(change(weights), checkpoint / "model.safetensors")


def test_a_checkpoint_folder_rebuilds_the_model(checkpoint, frames):
    model = load_model(str(checkpoint))
    original = load_model(SPEC, 3, 2)
    assert (model.spec, model.classes, model.activities) == (SPEC, ("tissue", "shaft", "jaw"), ("idle", "cut"))
    assert (model.num_classes, model.num_activities, model.input_size) == (3, 2, (32, 40))
    images = frames(1)
    assert torch.equal(model(images)["segmentation"], original(images)["segmentation"])


def test_the_digest_is_the_files_own(checkpoint):
    import hashlib

    expected = hashlib.sha256((checkpoint / "model.safetensors").read_bytes()).hexdigest()
    assert load_model(str(checkpoint)).weights_sha256 == expected
    assert load_model(SPEC, 3, 2, weights=checkpoint).weights_sha256 == expected
    assert load_model(SPEC, 3, 2, weights=checkpoint / "model.safetensors").weights_sha256 == expected


def test_half_precision_storage_loads_as_float32(checkpoint, tmp_path):
    model = load_model(str(checkpoint))
    small = save_checkpoint(tmp_path / "half", model.state_dict(), card_of(model, {}), half=True)
    loaded = load_model(str(small))
    assert all(t.dtype == torch.float32 for t in loaded.state_dict().values() if t.is_floating_point())
    for name, tensor in loaded.state_dict().items():
        torch.testing.assert_close(tensor, model.state_dict()[name], atol=1e-3, rtol=1e-3)


def test_a_state_dict_of_torch_loads(checkpoint, tmp_path):
    torch.save(load_model(str(checkpoint)).state_dict(), tmp_path / "weights.pt")
    assert load_model(SPEC, 3, 2, weights=tmp_path / "weights.pt").spec == SPEC


@pytest.mark.parametrize("kind", ["object", "list"])
def test_a_pickle_is_never_unpickled(tmp_path, kind):
    path = tmp_path / "weights.pt"
    touched = tmp_path / "touched"

    class Trap:
        def __reduce__(self):
            return (Path.touch, (touched,))

    if kind == "object":
        path.write_bytes(pickle.dumps({"weight": Trap()}))
    else:
        torch.save([1, 2], path)
    with pytest.raises(ModelError, match=r"got .*weights.pt|in .*weights.pt"):
        load_model(SPEC, 3, 2, weights=path)
    assert not touched.exists()


def test_other_class_counts_are_named(checkpoint):
    with pytest.raises(ModelError, match="model for 7 classes, got 3 in the checkpoint"):
        load_model(str(checkpoint), num_classes=7)
    with pytest.raises(ModelError, match="model for 5 activities, got 2 in the checkpoint"):
        load_model(str(checkpoint), num_activities=5)


def test_weights_of_another_shape_say_which_and_how_many(checkpoint):
    with pytest.raises(ModelError, match=r"2 of \d+ tensors of another shape \(heads.segmentation.classifier.weight"):
        load_model(SPEC, 4, 2, weights=checkpoint / "model.safetensors")


def test_missing_and_unknown_tensors_are_named(checkpoint):
    def rename(weights):
        weights["mystery"] = weights.pop("heads.activity.classifier.bias")
        return weights

    rewrite(checkpoint, rename)
    with pytest.raises(
        ModelError, match=r"missing \(heads.activity.classifier.bias\); 1 of \d+ tensors unknown \(mystery"
    ):
        load_model(str(checkpoint))


def test_weights_that_are_not_finite_are_refused(checkpoint):
    rewrite(checkpoint, lambda w: {**w, "heads.activity.classifier.bias": torch.tensor([0.0, float("nan")])})
    with pytest.raises(ModelError, match="finite weights, got NaN or infinity in heads.activity.classifier.bias"):
        load_model(str(checkpoint))


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_a_missing_file_is_named(checkpoint, name):
    (checkpoint / name).unlink()
    with pytest.raises(ModelError, match=f"got no {name} in"):
        load_model(str(checkpoint))


def test_damaged_files_are_named(checkpoint):
    (checkpoint / "model.safetensors").write_bytes(b"short")
    with pytest.raises(ModelError, match="Expected a safetensors file, got .* unreadable"):
        load_model(str(checkpoint))
    (checkpoint / "model.json").write_text("{")
    with pytest.raises(ModelError, match="to be JSON with the fields of a checkpoint"):
        load_model(str(checkpoint))


def test_a_checkpoint_of_another_spec_is_refused(checkpoint):
    with pytest.raises(ModelError, match="Expected a checkpoint of 'tiny-resnet/mmoe', got one of 'tiny-resnet/hps@"):
        load_model("tiny-resnet/mmoe", weights=checkpoint)


def test_a_weight_file_that_is_not_there():
    with pytest.raises(ModelError, match=r"Expected a weight file, got no nowhere.safetensors"):
        load_model(SPEC, 3, 2, weights="nowhere.safetensors")


def test_a_name_that_is_nothing():
    with pytest.raises(UnknownNameError, match="No checkpoint folder( or model file)? has that name either"):
        load_model("runs/nowhere", 3, 2)


def test_pretrained_only_where_it_ships():
    with pytest.raises(ModelError, match="weights='pretrained' only for tiny-resnet/dselect_k"):
        load_model("tiny-resnet/hps", weights="pretrained")


@pytest.mark.parametrize("spec", SHIPPED)
def test_the_embedded_checkpoints_load(spec):
    if not folder_of(spec).is_dir():
        pytest.skip("the checkpoints have not been built: make checkpoints")
    model = load_model(spec, weights="pretrained")
    assert (len(model.classes), len(model.activities)) == (7, 3)
    assert model.input_size == (160, 208)
    assert validate(model, 7, 3) == {"segmentation": 7, "activity": 3}
    assert "epoch" in json.loads((folder_of(spec) / "model.json").read_text())["training"]


def test_the_embedded_checkpoints_are_small():
    assert sum(file.stat().st_size for file in FOLDER.glob("*/*")) < 12e6
