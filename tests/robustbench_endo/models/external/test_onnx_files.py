"""Files with weights that an ONNX model names, from bytes written by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustbench_endo.errors import ModelError
from robustbench_endo.models.external.onnx_files import external_files, files_sha256


def field(number: int, content: bytes) -> bytes:
    """A field of a protobuf message that holds bytes."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value: int) -> bytes:
    return bytes([value & 0x7F | 0x80]) + varint(value >> 7) if value > 0x7F else bytes([value])


def tensor(location: str) -> bytes:
    return field(8, b"w") + field(13, field(1, b"location") + field(2, location.encode()))


def model(graph: bytes) -> bytes:
    return b"\x08\x08" + field(7, graph)


WAYS = {
    "initializer": lambda t: model(field(5, t)),
    "sparse initializer": lambda t: model(field(15, field(1, t))),
    "sparse indices": lambda t: model(field(15, field(2, t))),
    "attribute": lambda t: model(field(1, field(5, field(5, t)))),
    "attribute of tensors": lambda t: model(field(1, field(5, field(10, t)))),
    "sparse attribute": lambda t: model(field(1, field(5, field(22, field(1, t))))),
    "graph in a node": lambda t: model(field(1, field(5, field(6, field(5, t))))),
    "graphs in a node": lambda t: model(field(1, field(5, field(11, field(5, t))))),
    "function": lambda t: model(b"") + field(25, field(7, field(5, field(5, t)))),
    "training": lambda t: model(b"") + field(20, field(1, field(5, t))),
}


@pytest.mark.parametrize("way", WAYS)
def test_external_files_finds_weights_everywhere(tmp_path, way):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "w.bin").write_bytes(b"1")
    (tmp_path / "m.onnx").write_bytes(WAYS[way](tensor("data/w.bin")))
    assert external_files(tmp_path / "m.onnx") == (tmp_path / "data" / "w.bin",)


@pytest.mark.parametrize("way", ["initializer", "function"])
@pytest.mark.parametrize(
    "location", ["/etc/passwd", "../w.bin", "a/../../w.bin", "C:\\w.bin", "..\\w.bin", ".", "", "\0"]
)
def test_external_files_outside_the_folder_raise(tmp_path, way, location):
    (tmp_path / "w.bin").write_bytes(b"1")
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "m.onnx").write_bytes(WAYS[way](tensor(location)))
    with pytest.raises(ModelError, match="in files of its folder, got .* nothing was read"):
        external_files(folder / "m.onnx")


def test_external_files_behind_a_link_out_of_the_folder_raise(tmp_path):
    (tmp_path / "w.bin").write_bytes(b"1")
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "w.bin").symlink_to(tmp_path / "w.bin")
    (folder / "m.onnx").write_bytes(model(field(5, tensor("w.bin"))))
    with pytest.raises(ModelError, match="in files of its folder"):
        external_files(folder / "m.onnx")


def test_external_files_that_are_missing_raise(tmp_path):
    (tmp_path / "m.onnx").write_bytes(model(field(5, tensor("w.bin"))))
    with pytest.raises(ModelError, match="'w.bin' next to it, got no such file: copy it there"):
        external_files(tmp_path / "m.onnx")


def test_external_files_of_a_model_without_them_are_none(tmp_path):
    (tmp_path / "m.onnx").write_bytes(model(field(5, field(8, b"w") + field(9, bytes(64)))))
    assert external_files(tmp_path / "m.onnx") == ()


@pytest.mark.parametrize(
    "content", [b"\xff" * 30, model(field(5, b"x"))[:-1], b"\x08", b"\x3a\xff\xff\xff\xff\xff\x7f"]
)
def test_external_files_of_a_damaged_file_raise(tmp_path, content):
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(ModelError, match="Cannot read the ONNX file"):
        external_files(tmp_path / "m.onnx")


def test_external_files_of_graphs_nested_too_deeply_raise(tmp_path):
    graph = b""
    for _ in range(200):
        graph = field(1, field(5, field(6, graph)))
    (tmp_path / "m.onnx").write_bytes(model(graph))
    with pytest.raises(ModelError, match="nested more than 64 deep"):
        external_files(tmp_path / "m.onnx")


def test_files_sha256_changes_with_every_file(tmp_path: Path) -> None:
    one, two = tmp_path / "m.onnx", tmp_path / "w.bin"
    one.write_bytes(b"1")
    two.write_bytes(b"2")
    before = files_sha256([one, two])
    two.write_bytes(b"3")
    assert files_sha256([one, two]) != before
    assert files_sha256([one]) != files_sha256([two])
