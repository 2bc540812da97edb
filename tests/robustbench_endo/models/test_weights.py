"""Weight files: only tensors, finite, with the names and shapes of the model."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from robustbench_endo.errors import ModelError
from robustbench_endo.models import load_model


def rewrite(checkpoint: Path, change) -> None:
    weights = load_file(checkpoint / "model.safetensors")
    save_file(change(weights), checkpoint / "model.safetensors")


def test_read_weights_of_a_torch_state_dict(checkpoint, tmp_path, small_spec):
    torch.save(load_model(str(checkpoint)).state_dict(), tmp_path / "weights.pt")
    assert load_model(small_spec, 3, 2, weights=tmp_path / "weights.pt").spec == small_spec


@pytest.mark.parametrize("kind", ["object", "list"])
def test_read_weights_never_unpickles_objects(tmp_path, kind, small_spec):
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
        load_model(small_spec, 3, 2, weights=path)
    assert not touched.exists()


def test_load_weights_names_missing_and_unknown_tensors(checkpoint):
    def rename(weights):
        weights["mystery"] = weights.pop("heads.activity.classifier.bias")
        return weights

    rewrite(checkpoint, rename)
    with pytest.raises(
        ModelError, match=r"missing \(heads.activity.classifier.bias\); 1 of \d+ tensors unknown \(mystery"
    ):
        load_model(str(checkpoint))


def test_read_weights_that_are_not_finite_raises(checkpoint):
    rewrite(checkpoint, lambda w: {**w, "heads.activity.classifier.bias": torch.tensor([0.0, float("nan")])})
    with pytest.raises(ModelError, match="finite weights, got NaN or infinity in heads.activity.classifier.bias"):
        load_model(str(checkpoint))


def test_read_weights_without_a_file_raises(small_spec):
    with pytest.raises(ModelError, match=r"Expected a weight file, got no nowhere.safetensors"):
        load_model(small_spec, 3, 2, weights="nowhere.safetensors")
