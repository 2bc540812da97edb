"""What kind of model file it is, from its content."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Literal

from robustbench_endo.errors import ModelError

FileKind = Literal["torchscript", "exported", "onnx", "safetensors", "torch", "unknown"]

SUFFIXES = (".pt", ".pth", ".ts", ".pt2", ".onnx", ".ort", ".safetensors", ".ckpt", ".bin")
"""What a path to a model file ends with; only used to tell a missing file from a misspelt name."""


def is_model_file(spec: str) -> bool:
    """Whether ``spec`` is a path to a file, there or missing, rather than a name."""
    return Path(spec).is_file() or (":" not in spec and spec.lower().endswith(SUFFIXES))


def kind_of(path: Path) -> FileKind:
    """The kind of a file: archives by their members, the others by their first bytes, ONNX by its suffix as well.

    Raises:
        ModelError: no such file, or a damaged archive.
    """
    if not path.is_file():
        raise ModelError(f"Expected a model file, got no {path}: check the path.")
    if zipfile.is_zipfile(path):
        return _archive(path)
    with path.open("rb") as file:
        start = file.read(16)
    if start[8:9] == b"{":  # the length of the header in 8 bytes, then JSON
        return "safetensors"
    if start[:1] == b"\x80":  # a pickle of protocol 2 or later
        return "torch"
    # ONNX is a protobuf without a signature: field 1 is its version, a small number. ORTM is onnxruntime's own form.
    small_version = start[:1] == b"\x08" and 0 < start[1] < 32 and start[2] in (0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A)
    if path.suffix == ".onnx" or small_version or start[4:8] == b"ORTM":
        return "onnx"
    return "unknown"


def _archive(path: Path) -> FileKind:
    try:
        with zipfile.ZipFile(path) as archive:
            # Members lie below one folder that is named after the file.
            members = {name.partition("/")[2] or name for name in archive.namelist()}
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise ModelError(f"Cannot read the archive {path}: {error}. Restore it.") from error
    if "archive_format" in members or "serialized_exported_program.json" in {*members, *map(_last, members)}:
        return "exported"
    if any(member.startswith("code/") for member in members):
        return "torchscript"
    return "torch" if "data.pkl" in members else "unknown"


def _last(member: str) -> str:
    return member.rpartition("/")[2]
