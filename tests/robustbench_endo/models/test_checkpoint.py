"""Checkpoint folders: written, read, and the errors for damaged ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from robustbench_endo.errors import ModelError
from robustbench_endo.models import SHIPPED, card_of, load_model, save_checkpoint, validate
from robustbench_endo.models.checkpoint import SHIPPED_FOLDER, ModelCard, folder_of, read_card

GOLDEN = {
    "tiny-resnet/dselect_k": ([2.1128, 4.0505, -3.9204], [1.1595, -2.4929, -4.8388, -8.7361, -6.4731, -7.4108, 2.7697]),
    "tiny-resnet/mmoe": ([-3.2411, -8.6929, 7.2576], [4.0436, -8.2416, -5.2892, -11.7553, -4.1301, -13.7387, 1.6674]),
    "tiny-endoarss/tesla": ([1.501, 1.0702, -4.4909], [0.8673, -9.3704, -1.9749, 1.6804, -18.1313, -15.0906, -3.7757]),
}
"""Logits of the activity and mean logits of the segmentation on random frames, computed by version 1."""


def rewrite(checkpoint: Path, change) -> None:
    weights = load_file(checkpoint / "model.safetensors")
    save_file(change(weights), checkpoint / "model.safetensors")


def test_save_checkpoint_round_trip_rebuilds_the_model(checkpoint, frames, small_spec):
    model = load_model(str(checkpoint))
    original = load_model(small_spec, 3, 2)
    assert (model.spec, model.classes, model.activities) == (small_spec, ("tissue", "shaft", "jaw"), ("idle", "cut"))
    assert (model.num_classes, model.num_activities, model.input_size) == (3, 2, (32, 40))
    images = frames(1)
    assert torch.equal(model(images)["segmentation"], original(images)["segmentation"])


def test_load_model_has_the_digest_of_the_weight_file(checkpoint, small_spec):
    import hashlib

    expected = hashlib.sha256((checkpoint / "model.safetensors").read_bytes()).hexdigest()
    assert load_model(str(checkpoint)).weights_sha256 == expected
    assert load_model(small_spec, 3, 2, weights=checkpoint).weights_sha256 == expected
    assert load_model(small_spec, 3, 2, weights=checkpoint / "model.safetensors").weights_sha256 == expected


def test_save_checkpoint_in_half_precision_loads_as_float32(checkpoint, tmp_path):
    model = load_model(str(checkpoint))
    small = save_checkpoint(tmp_path / "half", model.state_dict(), card_of(model, {}), half=True)
    loaded = load_model(str(small))
    assert all(t.dtype == torch.float32 for t in loaded.state_dict().values() if t.is_floating_point())
    for name, tensor in loaded.state_dict().items():
        torch.testing.assert_close(tensor, model.state_dict()[name], atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_read_card_with_a_missing_file_names_it(checkpoint, name):
    (checkpoint / name).unlink()
    with pytest.raises(ModelError, match=f"got no {name} in"):
        load_model(str(checkpoint))


def test_read_card_of_damaged_files_names_them(checkpoint):
    (checkpoint / "model.safetensors").write_bytes(b"short")
    with pytest.raises(ModelError, match="Expected a safetensors file, got .* unreadable"):
        load_model(str(checkpoint))
    (checkpoint / "model.json").write_text("{")
    with pytest.raises(ModelError, match="to be JSON with the fields of a checkpoint"):
        load_model(str(checkpoint))


def test_shipped_checkpoint_of_another_model_raises():
    with pytest.raises(ModelError, match="weights='pretrained' only for tiny-resnet/dselect_k"):
        load_model("tiny-resnet/hps", weights="pretrained")


@pytest.mark.parametrize("spec", SHIPPED)
def test_shipped_checkpoints_load(spec):
    if not folder_of(spec).is_dir():
        pytest.skip("the checkpoints have not been built: make checkpoints")
    model = load_model(spec, weights="pretrained")
    assert (len(model.classes), len(model.activities)) == (7, 3)
    assert model.input_size == (160, 208)
    assert validate(model, 7, 3) == {"segmentation": 7, "activity": 3}
    assert "epoch" in json.loads((folder_of(spec) / "model.json").read_text())["training"]


def test_shipped_checkpoints_are_small():
    assert sum(file.stat().st_size for file in SHIPPED_FOLDER.glob("*/*")) < 12e6


def test_shipped_checkpoints_have_the_stored_logits(frames):
    images = frames(1, 160, 208, seed=3)
    if not SHIPPED_FOLDER.is_dir():
        pytest.skip("the checkpoints have not been built: make checkpoints")
    for spec, (activity, segmentation) in GOLDEN.items():
        with torch.inference_mode():
            logits = load_model(spec, weights="pretrained")(images)
        torch.testing.assert_close(logits["activity"][0], torch.tensor(activity), atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(
            logits["segmentation"].mean((0, 2, 3)), torch.tensor(segmentation), atol=1e-3, rtol=1e-3
        )


def test_read_card_of_the_old_and_the_new_fields_is_the_same(checkpoint):
    """The file keeps one field per label attribute, so that checkpoints of all versions can be read."""
    content = json.loads((checkpoint / "model.json").read_text())
    assert content["num_classes"] == 3
    assert content["activities"] == ["idle", "cut"]
    card = read_card(checkpoint)
    assert ModelCard.from_json(card.to_json()) == card


@pytest.mark.parametrize(
    "change", [lambda c: c.pop("spec"), lambda c: c.update(colour=1), lambda c: c.update(input_size=[1])]
)
def test_read_card_with_wrong_fields_raises(checkpoint, change):
    content = json.loads((checkpoint / "model.json").read_text())
    change(content)
    (checkpoint / "model.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match="to be JSON with the fields of a checkpoint"):
        read_card(checkpoint)


def test_read_card_of_a_task_with_names_only_is_not_predicted():
    card = ModelCard.from_json({"spec": "x", "num_classes": None, "classes": ["a"], "num_activities": 2})
    assert card.labels["segmentation"].count is None
    assert card.labels["segmentation"].names == ("a",)
    assert card.labels["activity"].count == 2
