"""One file that runs without the package, and answers as the model does."""

from __future__ import annotations

import pytest
import torch
from click.testing import CliRunner
from torch import nn

from robustbench_endo.cli import main
from robustbench_endo.errors import ModelError, OptionalDependencyError
from robustbench_endo.models import build
from robustbench_endo.models.export import export


def test_a_torch_export_file_answers_as_the_model_for_any_batch(tmp_path, frames):
    model = build("tiny-endoarss/tesla@input_size=32x48,depth=1", 3, 2).eval()
    assert export(model, tmp_path / "new" / "model.pt2", "torch-export") <= 1e-4
    program = torch.export.load(tmp_path / "new" / "model.pt2").module()
    images = frames(5, 32, 48)
    with torch.no_grad():
        answer, expected = program(images), model(images)
    for task in ("segmentation", "activity"):
        torch.testing.assert_close(answer[task], expected[task], atol=1e-4, rtol=1e-4)


def test_the_command_exports_a_shipped_model(tmp_path):
    out = tmp_path / "model.pt2"
    result = CliRunner().invoke(main, ["export", "tiny-resnet/mmoe", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "its logits differ from the model's by at most" in result.output
    assert set(torch.export.load(out).module()(torch.rand(2, 3, 160, 208))) == {"segmentation", "activity"}


def test_onnx_answers_as_the_model(tmp_path):
    pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
    pytest.importorskip("onnxscript", reason="the extra `onnx` is not installed")
    model = build("tiny-resnet/hps@input_size=32x40", 3, 2).eval()
    assert export(model, tmp_path / "model.onnx", "onnx") <= 1e-3


def test_onnx_without_its_extra_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(OptionalDependencyError, match="Expected the extra `onnx` for --format onnx, got no onnx"):
        export(build("tiny-resnet/hps", 3, 2), tmp_path / "model.onnx", "onnx")


class Moody(nn.Module):
    """Asks the data which way to go, which no graph can."""

    input_size = (8, 8)

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"activity": images.mean((2, 3)) * (2 if images.sum() > 1 else 1)}


def test_what_cannot_be_traced_and_what_has_no_size_leave_nothing_behind(tmp_path):
    with pytest.raises(ModelError, match="Expected a model that torch-export can trace, got"):
        export(Moody(), tmp_path / "model.pt2", "torch-export")
    with pytest.raises(ModelError, match="Expected a size to export for"):
        export(build("tiny-resnet/hps@input_size=any", 3, 2), tmp_path / "model.pt2", "torch-export")
    assert list(tmp_path.iterdir()) == []


def test_a_size_that_is_none(tmp_path):
    arguments = ["export", "tiny-resnet/mmoe", "--size", "big", "--out", str(tmp_path / "x")]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert "Expected HEIGHTxWIDTH in pixels, got 'big'" in result.output
