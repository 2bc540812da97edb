"""ONNX files: fixed or open sizes, damage, a missing extra."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest
import torch

from robustbench_endo.errors import ModelError, OptionalDependencyError
from robustbench_endo.models import load_model, validate


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
