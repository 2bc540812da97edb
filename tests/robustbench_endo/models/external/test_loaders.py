"""Model files by their content."""

from __future__ import annotations

import copy
import zipfile
from pathlib import Path

import pytest
import torch

from robustbench_endo.errors import ModelError
from robustbench_endo.models import load_model, validate


@pytest.mark.parametrize("name", ["script.model", "frozen.pt", "fixed.pt2", "free.pt2"])
@pytest.mark.parametrize("batch", [1, 2, 3])
def test_load_external_file_gives_the_logits_of_the_network(model_files, net, frames, name, batch):
    model = load_model(str(model_files / name))
    images = frames(batch, 32, 40)
    for task, logits in net(images).items():
        torch.testing.assert_close(model(images)[task], logits, atol=1e-5, rtol=1e-5)
    assert not model.training
    assert validate(model, 4, 4) == {"segmentation": 4, "activity": 4}


@pytest.mark.parametrize("name", ["script.model", "fixed.pt2"])
def test_load_external_copy_gives_the_same_logits(model_files, frames, name):
    model = load_model(str(model_files / name))
    images = frames(1, 32, 40)
    assert torch.equal(copy.deepcopy(model)(images)["activity"], model(images)["activity"])


@pytest.mark.parametrize("name", ["state.pt", "state.safetensors"])
def test_load_external_of_weights_without_a_model_names_them(model_files, name):
    with pytest.raises(ModelError, match=r"got in .*state.* the weights of one \(7 tensors\) without its code: give"):
        load_model(str(model_files / name))


def test_load_external_of_other_files_raises(model_files, tmp_path):
    with pytest.raises(ModelError, match="Expected a dict of name -> tensor"):
        load_model(str(model_files / "list.pt"))
    with pytest.raises(ModelError, match=r"TorchScript, torch.export or ONNX file, got something else in .*text.pt"):
        load_model(str(model_files / "text.pt"))
    with pytest.raises(ModelError, match=r"Expected a model file, got no .*absent.pt2: check the path"):
        load_model(f"{tmp_path}/absent.pt2")


def test_load_external_never_unpickles_a_model(tmp_path):
    touched = tmp_path / "touched"
    torch.save({"model": Trap(touched)}, tmp_path / "model.pt")
    with pytest.raises(ModelError, match="something that would have to be unpickled"):
        load_model(f"{tmp_path}/model.pt")
    assert not touched.exists()


class Trap:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("name", ["script.model", "fixed.pt2"])
def test_load_external_of_a_damaged_archive_raises(model_files, tmp_path, name):
    path = tmp_path / name
    with zipfile.ZipFile(model_files / name) as source, zipfile.ZipFile(path, "w") as target:
        for member in source.namelist():
            broken = member.endswith(("model.json", "data.pkl"))
            target.writestr(member, b"{}" if broken else source.read(member))
    with pytest.raises(ModelError, match=r"Cannot read the TorchScript archive|Cannot load the torch.export program"):
        load_model(str(path))
