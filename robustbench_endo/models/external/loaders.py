"""From a user's spec to a network: by prefix, by content of the file, else a factory of Python code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from robustbench_endo.errors import ModelError
from robustbench_endo.models.external.exported import load_exported
from robustbench_endo.models.external.file_type import FileKind, is_model_file, kind_of
from robustbench_endo.models.external.hf import is_huggingface_folder, load_huggingface
from robustbench_endo.models.external.loaded import LoadedModel
from robustbench_endo.models.external.onnx import load_onnx
from robustbench_endo.models.external.smp import load_smp
from robustbench_endo.models.external.torchscript import load_torchscript
from robustbench_endo.models.weights import read_weights

FILES: dict[FileKind, Callable[[Path], LoadedModel]] = {
    "torchscript": load_torchscript,
    "exported": load_exported,
    "onnx": load_onnx,
}


def load_users(spec: str, num_classes: int | None) -> LoadedModel | None:
    """The network of ``smp:...``, ``hf:...``, a folder of transformers or a model file; None for any other spec.

    Raises:
        ModelError: a file that holds no model; says what it holds.
    """
    kind, colon, rest = spec.partition(":")
    if colon and kind == "smp":
        return load_smp(rest, num_classes)
    if colon and kind == "hf":
        return load_huggingface(rest)
    if is_huggingface_folder(Path(spec)):
        return load_huggingface(spec)
    return _from_file(Path(spec)) if is_model_file(spec) else None


def _from_file(path: Path) -> LoadedModel:
    kind = kind_of(path)
    if kind in FILES:
        return FILES[kind](path)
    if kind == "unknown":
        raise ModelError(
            f"Expected a TorchScript, torch.export or ONNX file, got something else in {path}: give one of these, or "
            "file.py:factory."
        )
    count = len(read_weights(path))  # refuses, in its own words, what would have to be unpickled
    raise ModelError(
        f"Expected a model, got in {path} the weights of one ({count} tensors) without its code: give a factory that "
        "loads them (file.py:factory), or load_model(SPEC, weights=...) with the spec they belong to."
    )
