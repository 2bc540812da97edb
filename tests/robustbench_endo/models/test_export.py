"""One exported file runs without the package and gives the logits of the model."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from robustbench_endo.errors import ModelError, OptionalDependencyError
from robustbench_endo.models import build
from robustbench_endo.models.export import export


@pytest.mark.slow
def test_export_torch_file_gives_the_logits_of_the_model_for_any_batch(tmp_path, frames):
    model = build("tiny-endoarss/tesla@input_size=32x48,depth=1", 3, 2).eval()
    assert export(model, tmp_path / "new" / "model.pt2", "torch-export") <= 1e-4
    program = torch.export.load(tmp_path / "new" / "model.pt2").module()
    images = frames(5, 32, 48)
    with torch.no_grad():
        exported, expected = program(images), model(images)
    for task in ("segmentation", "activity"):
        torch.testing.assert_close(exported[task], expected[task], atol=1e-4, rtol=1e-4)


@pytest.mark.slow
def test_export_onnx_gives_the_logits_of_the_model(tmp_path):
    pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
    pytest.importorskip("onnxscript", reason="the extra `onnx` is not installed")
    model = build("tiny-resnet/hps@input_size=32x40", 3, 2).eval()
    assert export(model, tmp_path / "model.onnx", "onnx") <= 1e-3


def test_export_onnx_without_its_extra_names_it(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(OptionalDependencyError, match="Expected the package onnx for --format onnx, got"):
        export(build("tiny-resnet/hps", 3, 2), tmp_path / "model.onnx", "onnx")


class DataDependent(nn.Module):
    """Branches on its input, which no graph can."""

    input_size = (8, 8)

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"activity": images.mean((2, 3)) * (2 if images.sum() > 1 else 1)}


def test_export_that_fails_leaves_no_file(tmp_path):
    with pytest.raises(ModelError, match="Cannot trace the model with torch-export"):
        export(DataDependent(), tmp_path / "model.pt2", "torch-export")
    with pytest.raises(ModelError, match="Expected a size to export for"):
        export(build("tiny-resnet/hps@input_size=any", 3, 2), tmp_path / "model.pt2", "torch-export")
    assert list(tmp_path.iterdir()) == []
