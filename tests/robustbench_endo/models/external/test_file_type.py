"""The kind of a model file from its content."""

from __future__ import annotations

import shutil

import pytest

from robustbench_endo.models.external.file_type import is_model_file, kind_of


def test_kind_of_onnx_from_its_first_bytes(tmp_path):
    (tmp_path / "model.bin").write_bytes(b"\x08\x0a\x12\x07pytorch" + bytes(9))
    assert kind_of(tmp_path / "model.bin") == "onnx"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("script.model", "torchscript"),
        ("fixed.pt2", "exported"),
        ("state.pt", "torch"),
        ("state.safetensors", "safetensors"),
        ("text.pt", "unknown"),
    ],
)
def test_kind_of_files_ignores_their_suffix(model_files, tmp_path, name, kind):
    shutil.copy(model_files / name, tmp_path / "model.any")
    assert kind_of(tmp_path / "model.any") == kind


def test_is_model_file_tells_missing_files_from_names(tmp_path):
    assert is_model_file(f"{tmp_path}/absent.onnx")
    assert not is_model_file("tiny-resnet/mmoe")
    assert not is_model_file("mine.py:build")
