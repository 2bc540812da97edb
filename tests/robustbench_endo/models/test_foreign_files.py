"""Model files by their content: TorchScript, torch.export, ONNX, and what is none of them."""

from __future__ import annotations

import copy
import io
import pickle
import shutil
import warnings
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.export import Dim

from robustbench_endo.errors import ModelError, OptionalDependencyError
from robustbench_endo.models import load_model, validate
from robustbench_endo.models.external.file_type import kind_of


class Net(nn.Module):
    """Two tasks; dropout and batch normalisation show in which mode it is."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.rest = nn.Sequential(nn.BatchNorm2d(4), nn.Dropout(0.5))

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        maps = self.rest(self.conv(images))
        return {"segmentation": maps, "activity": maps.mean((2, 3))}


@pytest.fixture(scope="module")
def net() -> nn.Module:
    torch.manual_seed(0)
    return Net().eval()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, net: nn.Module) -> Path:
    """The same network in every format, with suffixes that tell nothing."""
    place = tmp_path_factory.mktemp("files")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch deprecates TorchScript
        torch.jit.script(net).save(place / "script.model")
        torch.jit.freeze(torch.jit.script(net)).save(place / "frozen.pt")
    fixed, free = torch.rand(1, 3, 32, 40), torch.rand(2, 3, 32, 40)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch remarks on the suffix
        torch.export.save(torch.export.export(net, (fixed,)), place / "fixed.pt2")
        torch.export.save(
            torch.export.export(net, (free,), dynamic_shapes={"images": {0: Dim("b")}}), place / "free.pt2"
        )
    torch.save(net.state_dict(), place / "state.pt")
    save_file(net.state_dict(), place / "state.safetensors")
    torch.save([1, 2], place / "list.pt")
    (place / "text.pt").write_text("nothing of the kind, but long enough")
    return place


@pytest.mark.parametrize("name", ["script.model", "frozen.pt", "fixed.pt2", "free.pt2"])
@pytest.mark.parametrize("batch", [1, 2, 3])
def test_the_file_answers_as_the_network_does(folder, net, frames, name, batch):
    model = load_model(str(folder / name))
    images = frames(batch, 32, 40)
    for task, logits in net(images).items():
        torch.testing.assert_close(model(images)[task], logits, atol=1e-5, rtol=1e-5)
    assert not model.training
    assert validate(model, 4, 4) == {"segmentation": 4, "activity": 4}


def test_a_program_of_one_size_says_its_size(folder, frames):
    model = load_model(str(folder / "fixed.pt2"))
    assert model.input_size == (32, 40)
    assert model(frames(2, 61, 47))["segmentation"].shape == (2, 4, 32, 40)


@pytest.mark.parametrize("name", ["script.model", "fixed.pt2"])
def test_a_copy_for_another_thread_answers_the_same(folder, frames, name):
    model = load_model(str(folder / name))
    images = frames(1, 32, 40)
    assert torch.equal(copy.deepcopy(model)(images)["activity"], model(images)["activity"])


def test_the_digest_is_the_files_own(folder):
    import hashlib

    expected = hashlib.sha256((folder / "fixed.pt2").read_bytes()).hexdigest()
    assert load_model(str(folder / "fixed.pt2")).weights_sha256 == expected


@pytest.mark.parametrize("name", ["state.pt", "state.safetensors"])
def test_weights_without_a_model_are_named(folder, name):
    with pytest.raises(ModelError, match=r"got in .*state.* the weights of one \(7 tensors\) without its code: give"):
        load_model(str(folder / name))


def test_other_files(folder, tmp_path):
    with pytest.raises(ModelError, match="Expected a dict of name -> tensor"):
        load_model(str(folder / "list.pt"))
    with pytest.raises(ModelError, match=r"TorchScript, torch.export or ONNX file, got something else in .*text.pt"):
        load_model(str(folder / "text.pt"))
    with pytest.raises(ModelError, match=r"Expected a model file, got no .*absent.pt2: check the path"):
        load_model(f"{tmp_path}/absent.pt2")


def test_a_pickled_model_is_never_unpickled(tmp_path):
    touched = tmp_path / "touched"
    torch.save({"model": Trap(touched)}, tmp_path / "model.pt")
    with pytest.raises(ModelError, match="something that would have to be unpickled"):
        load_model(f"{tmp_path}/model.pt")
    assert not touched.exists()


@pytest.mark.parametrize("member", ["data/sample_inputs/model.pt", "data/constants/opaque_obj_0", "data/x.so"])
def test_a_pickle_inside_a_program_is_never_unpickled(folder, tmp_path, member):
    touched, path = tmp_path / "touched", tmp_path / "evil.pt2"
    with zipfile.ZipFile(folder / "fixed.pt2") as source, zipfile.ZipFile(path, "w") as target:
        root = source.namelist()[0].partition("/")[0]
        for name in source.namelist():
            if name != f"{root}/{member}":
                target.writestr(name, source.read(name))
        buffer = io.BytesIO()
        torch.save((Trap(touched),), buffer)
        target.writestr(f"{root}/{member}", buffer.getvalue())
    with pytest.raises(ModelError, match="would have to be unpickled or run .* it was not loaded"):
        load_model(str(path))
    assert not touched.exists()


class Trap:
    """Touches a file when somebody unpickles it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("name", ["script.model", "fixed.pt2"])
def test_a_damaged_archive(folder, tmp_path, name):
    path = tmp_path / name
    with zipfile.ZipFile(folder / name) as source, zipfile.ZipFile(path, "w") as target:
        for member in source.namelist():
            broken = member.endswith(("model.json", "data.pkl"))
            target.writestr(member, b"{}" if broken else source.read(member))
    with pytest.raises(ModelError, match="that loads, got in"):
        load_model(str(path))


def test_weights_that_are_not_finite_are_refused(net, tmp_path):
    broken = copy.deepcopy(net)
    nn.init.constant_(broken.conv.bias, float("inf"))
    torch.export.save(torch.export.export(broken, (torch.rand(1, 3, 32, 40),)), tmp_path / "m.pt2")
    with pytest.raises(ModelError, match="Expected finite weights .* got NaN or infinity in inner.graph.conv.bias"):
        load_model(f"{tmp_path}/m.pt2")


def test_a_program_that_takes_no_images(tmp_path):
    torch.export.save(torch.export.export(nn.Linear(3, 2), (torch.rand(1, 3),)), tmp_path / "m.pt2")
    with pytest.raises(ModelError, match=r"one input \(B, 3, H, W\), got \(1, 3\)"):
        load_model(f"{tmp_path}/m.pt2")


def test_a_weight_file_goes_into_a_factorys_module(folder, tmp_path, frames):
    (tmp_path / "mine.py").write_text("from torch import nn\ndef build():\n    return nn.Conv2d(3, 4, 1)\n")
    save_file(nn.Conv2d(3, 4, 1).state_dict(), tmp_path / "w.safetensors")
    model = load_model(f"{tmp_path}/mine.py:build", weights=tmp_path / "w.safetensors")
    assert model(frames(1))["segmentation"].shape[1] == 4
    with pytest.raises(ModelError, match=r"tensors missing"):
        load_model(f"{tmp_path}/mine.py:build", weights=folder / "state.pt")


def test_onnx_is_told_by_its_first_bytes(tmp_path):
    (tmp_path / "model.bin").write_bytes(b"\x08\x0a\x12\x07pytorch" + bytes(9))
    assert kind_of(tmp_path / "model.bin") == "onnx"


def test_onnx_without_onnxruntime_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    (tmp_path / "model.onnx").write_bytes(b"\x08\x0a\x12\x07pytorch" + bytes(9))
    with pytest.raises(OptionalDependencyError, match=r"robustbench-endo\[onnx\]"):
        load_model(f"{tmp_path}/model.onnx")


def onnx_file(path: Path, batch: object, size: tuple[object, object]) -> Path:
    """A 1x1 convolution with the weights 1, 2, 3 as a graph written by hand."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    make, number = onnx.helper, onnx.TensorProto.FLOAT
    weight = make.make_tensor("w", number, (2, 3, 1, 1), [1.0, 2, 3, -1, -2, -3])
    node = make.make_node("Conv", ["images", "w"], ["masks"])
    given = make.make_tensor_value_info("images", number, [batch, 3, *size])
    wanted = make.make_tensor_value_info("masks", number, [batch, 2, *size])
    graph = make.make_graph([node], "g", [given], [wanted], [weight])
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return path


@pytest.mark.parametrize(("batch", "size"), [(1, (24, 32)), (2, (24, 32)), ("b", ("h", "w"))])
def test_an_onnx_file(tmp_path, frames, batch, size):
    model = load_model(str(onnx_file(tmp_path / "m.onnx", batch, size)))
    images = frames(3, 24, 32)
    expected = (images * torch.tensor([1.0, 2, 3]).view(3, 1, 1)).sum(1)
    torch.testing.assert_close(model(images)["segmentation"][:, 0], expected, atol=1e-5, rtol=1e-5)
    assert model.input_size == ((24, 32) if batch != "b" else None)
    assert validate(copy.deepcopy(model), 2, None) == {"segmentation": 2}


def test_onnx_files_that_differ_have_states_that_differ(tmp_path):
    one = load_model(str(onnx_file(tmp_path / "a.onnx", 1, (24, 32))))
    two = load_model(str(onnx_file(tmp_path / "b.onnx", 1, (24, 40))))
    assert not torch.equal(one.identity, two.identity)


def test_a_damaged_onnx_file(tmp_path):
    pytest.importorskip("onnxruntime")
    (tmp_path / "model.onnx").write_bytes(b"\x08\x0a\x12\x07pytorch" + pickle.dumps([1]))
    with pytest.raises(ModelError, match="Expected an ONNX file that onnxruntime can load"):
        load_model(f"{tmp_path}/model.onnx")


def test_an_adapter_beside_a_file(folder, tmp_path, frames):
    shutil.copy(folder / "script.model", tmp_path / "m.pt")
    (tmp_path / "m.adapter.toml").write_text('classes = ["a", "b", "b", "a"]\n')
    assert load_model(f"{tmp_path}/m.pt", classes=("a", "b"))(frames(1))["segmentation"].shape[1] == 2
