"""ONNX files: fixed or open sizes, damage, a missing extra."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch

from robustbench_endo.errors import ModelError, OptionalDependencyError
from robustbench_endo.models import load_model, validate
from robustbench_endo.models.external import onnx as module
from robustbench_endo.models.external.onnx import OnnxModel


def test_load_onnx_without_onnxruntime_names_the_extra(tmp_path, monkeypatch):
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
    images = make.make_tensor_value_info("images", number, [batch, 3, *size])
    masks = make.make_tensor_value_info("masks", number, [batch, 2, *size])
    graph = make.make_graph([node], "g", [images], [masks], [weight])
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return path


@pytest.mark.parametrize(("batch", "size"), [(1, (24, 32)), (2, (24, 32)), ("b", ("h", "w"))])
def test_load_onnx_gives_the_logits_of_the_graph(tmp_path, frames, batch, size):
    model = load_model(str(onnx_file(tmp_path / "m.onnx", batch, size)))
    images = frames(3, 24, 32)
    expected = (images * torch.tensor([1.0, 2, 3]).view(3, 1, 1)).sum(1)
    torch.testing.assert_close(model(images)["segmentation"][:, 0], expected, atol=1e-5, rtol=1e-5)
    assert model.input_size == ((24, 32) if batch != "b" else None)
    assert validate(copy.deepcopy(model), 2, None) == {"segmentation": 2}


def test_load_onnx_of_different_files_gives_different_states(tmp_path):
    one = load_model(str(onnx_file(tmp_path / "a.onnx", 1, (24, 32))))
    two = load_model(str(onnx_file(tmp_path / "b.onnx", 1, (24, 40))))
    assert not torch.equal(one.identity, two.identity)


def test_load_onnx_of_a_damaged_file_raises(tmp_path):
    pytest.importorskip("onnxruntime")
    (tmp_path / "model.onnx").write_bytes(b"\x08\x0a\x12\x07pytorch" + pickle.dumps([1]))
    with pytest.raises(ModelError, match="Cannot (load|read) the ONNX file"):
        load_model(f"{tmp_path}/model.onnx")


class FakeRuntime(ModuleType):
    """Stands for onnxruntime with CUDA: sessions record how they were opened and double their input."""

    def __init__(self, providers=("CUDAExecutionProvider", "CPUExecutionProvider"), error: str = "") -> None:
        super().__init__("onnxruntime")
        self.providers, self.error, self.opened = list(providers), error, []
        self.SessionOptions = SimpleNamespace

    def get_available_providers(self):
        return self.providers

    def InferenceSession(self, path, options, providers, enable_fallback):
        self.opened.append(providers)
        assert not enable_fallback
        if self.error and providers[0] != "CPUExecutionProvider":
            raise RuntimeError(self.error)
        value = SimpleNamespace(name="images", type="tensor(float)", shape=["b", 3, "h", "w"])
        return SimpleNamespace(
            get_inputs=lambda: [value],
            get_outputs=lambda: [SimpleNamespace(name="masks", shape=["b", 3, "h", "w"])],
            run=lambda names, inputs: [2 * inputs["images"]],
        )


@pytest.fixture
def fake_runtime(monkeypatch):
    def use(**options):
        runtime = FakeRuntime(**options)
        monkeypatch.setattr(module, "import_optional", lambda name, *extra: runtime)
        monkeypatch.setattr(module, "_errors", lambda: (RuntimeError,))
        return runtime

    return use


def test_onnx_model_has_a_session_on_each_gpu(fake_runtime):
    runtime = fake_runtime()
    model = OnnxModel(Path("m.onnx"))
    for index in (0, 1, 1):
        model._session(torch.device("cuda", index))
    gpus = [[("CUDAExecutionProvider", {"device_id": index}), "CPUExecutionProvider"] for index in (0, 1)]
    assert runtime.opened == [["CPUExecutionProvider"], *gpus]
    assert torch.equal(model(torch.ones(2, 3, 4, 4))["masks"], torch.full((2, 3, 4, 4), 2.0))
    assert len(runtime.opened) == 3


def test_onnx_model_computes_on_the_cpu_where_the_runtime_has_no_gpu(fake_runtime):
    runtime = fake_runtime(providers=("CPUExecutionProvider",))
    OnnxModel(Path("m.onnx"))._session(torch.device("cuda", 1))
    assert runtime.opened == [["CPUExecutionProvider"]] * 2


def test_onnx_model_says_in_one_sentence_why_a_gpu_cannot_be_used(fake_runtime):
    fake_runtime(error="CUDA failure 101: invalid device ordinal ; GPU=3\nstack")
    model = OnnxModel(Path("m.onnx"))
    message = (
        r"^Cannot run the ONNX file m.onnx on cuda:3: CUDA failure 101: .* GPU=3\. Install an onnxruntime-gpu .*cpu\.$"
    )
    with pytest.raises(ModelError, match=message):
        model._session(torch.device("cuda", 3))


@pytest.mark.gpu
def test_onnx_model_on_a_gpu_gives_the_logits_of_the_cpu(tmp_path, frames, gpu):
    file = str(onnx_file(tmp_path / "m.onnx", "b", ("h", "w")))
    if gpu.type == "cuda":
        runtime = pytest.importorskip("onnxruntime")
        if "CUDAExecutionProvider" not in runtime.get_available_providers():
            pytest.skip("this onnxruntime does not support CUDA")
    model, images = load_model(file), frames(3, 24, 32)
    logits = model(images.to(gpu))["segmentation"]
    assert logits.device == gpu
    torch.testing.assert_close(logits.cpu(), model(images)["segmentation"], atol=1e-4, rtol=1e-4)
