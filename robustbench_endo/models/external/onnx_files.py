"""The files that an ONNX model reads besides its own, listed from its bytes without the package ``onnx``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PureWindowsPath

from robustbench_endo.errors import ModelError
from robustbench_endo.io_utils import file_sha256

MAX_DEPTH = 64
"""Deepest nesting of graphs in graphs."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

# Message -> field number -> message in that field, from onnx.proto3.
_FIELDS: Mapping[str, Mapping[int, str]] = {
    "Model": {7: "Graph", 20: "Training", 25: "Function"},
    "Training": {1: "Graph", 2: "Graph"},
    "Function": {7: "Node", 11: "Attribute"},
    "Graph": {1: "Node", 5: "Tensor", 15: "Sparse"},
    "Node": {5: "Attribute"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "Sparse", 23: "Sparse"},
    "Sparse": {1: "Tensor", 2: "Tensor"},
    "Tensor": {13: "Entry"},
}
_KEY, _VALUE = 1, 2


def external_files(path: Path) -> tuple[Path, ...]:
    """The files with weights of a model: those that its tensors name, anywhere in the graph.

    Args:
        path: of the model, absolute.

    Returns:
        Absolute paths, each once, sorted.

    Raises:
        ModelError: no ONNX model, or a file that is missing or outside the folder of the model.
    """
    content = path.read_bytes()
    if content[4:8] == b"ORTM":  # onnxruntime's own form has its weights inside
        return ()
    try:
        locations = set(_locations(memoryview(content), "Model", 0))
    except (ValueError, IndexError, UnicodeDecodeError) as error:
        raise ModelError(f"Cannot read the ONNX file {path}: {error}. Export it again.") from error
    return tuple(_inside(path, location) for location in sorted(locations))


def files_sha256(files: Sequence[Path]) -> str:
    """SHA-256 of one file, or of the names and the digests of several."""
    if len(files) == 1:
        return file_sha256(files[0])
    parts = " ".join(f"{file.name} {file_sha256(file)}" for file in files)
    return hashlib.sha256(parts.encode()).hexdigest()


def _inside(path: Path, location: str) -> Path:
    folder = path.parent.resolve()
    relative = Path(location)
    outside = relative.is_absolute() or ".." in relative.parts or PureWindowsPath(location).drive or "\\" in location
    file = folder if outside or "\0" in location else (folder / relative).resolve()
    if not file.is_relative_to(folder) or file == folder:
        raise ModelError(
            f"Expected the weights of {path} in files of its folder, got {location[:200]!r}: export it again, with its "
            "data next to it; nothing was read."
        )
    if not file.is_file():
        raise ModelError(
            f"Expected the weights of {path} in the file {location[:200]!r} next to it, got no such file: copy it "
            "there."
        )
    return file


def _locations(message: memoryview, kind: str, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        raise ValueError(f"its graphs are nested more than {MAX_DEPTH} deep")
    entries = [_entry(value) for number, value in _fields(message) if kind == "Tensor" and number == 13]
    yield from (value for key, value in entries if key == "location")
    inner = _FIELDS[kind]
    if kind != "Tensor":
        for number, value in _fields(message):
            if number in inner:
                yield from _locations(value, inner[number], depth + 1)


def _entry(message: memoryview) -> tuple[str, str]:
    texts = {number: bytes(value).decode() for number, value in _fields(message) if number in (_KEY, _VALUE)}
    return texts.get(_KEY, ""), texts.get(_VALUE, "")


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """The fields of a protobuf message that hold bytes: texts and messages."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        number, form = key >> 3, key & 7
        if form == _VARINT:
            _, position = _varint(message, position)
        elif form in (_FIXED64, _FIXED32):
            position += 8 if form == _FIXED64 else 4
        elif form == _BYTES:
            length, position = _varint(message, position)
            if position + length > len(message):
                raise ValueError("it is truncated")
            yield number, message[position : position + length]
            position += length
        else:
            raise ValueError("it is no protobuf message")


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if not byte & 0x80:
            return value, position
        if shift > 63:
            raise ValueError("it is no protobuf message")
