"""From a user's spec to a network: by prefix, by content of the file, else a factory of Python code."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import torch
from torch import Tensor, nn

from robustbench_endo.errors import ModelError
from robustbench_endo.io_utils import file_sha256
from robustbench_endo.models.external.exported import load_exported
from robustbench_endo.models.external.file_type import FileKind, is_model_file, kind_of
from robustbench_endo.models.external.hf import is_huggingface_folder, load_huggingface
from robustbench_endo.models.external.io_spec import LoadedModel
from robustbench_endo.models.external.onnx import load_onnx
from robustbench_endo.models.external.smp import load_smp
from robustbench_endo.models.external.vetting import vet_model_file
from robustbench_endo.models.labels import LabelSpaces
from robustbench_endo.models.weights import read_weights


class ScriptModel(nn.Module):
    """A TorchScript module; one that was frozen stays in the mode it was saved in."""

    def __init__(self, script: nn.Module) -> None:
        super().__init__()
        self.script = script

    def forward(self, images: Tensor) -> object:
        """The output of the script."""
        return self.script(images)

    def train(self, mode: bool = True) -> ScriptModel:
        """Set the mode; a frozen module has none."""
        self.training = mode
        if hasattr(self.script, "training"):
            self.script.train(mode)
        return self


def load_torchscript(path: Path, trusted: bool = False) -> LoadedModel:
    """A TorchScript archive on the CPU; it carries its own code, which is vetted first: it could reach files.

    Args:
        path: of the file.
        trusted: do not vet it, because the user trusts its author.

    Raises:
        ModelError: it is damaged, holds more than computations, or needs operators that are not installed.
    """
    path = path.resolve()
    with path.open("rb") as file:
        if not trusted:
            vet_model_file(file, path, "TorchScript")
        script = _read_torchscript(file, path)
    return LoadedModel(ScriptModel(script), sha256=file_sha256(path), files=(path,))


def _read_torchscript(file: BinaryIO, path: Path) -> nn.Module:
    try:
        with warnings.catch_warnings():
            # The format is deprecated, but archives exist; only this warning is ignored, only here.
            warnings.filterwarnings("ignore", r"`torch\.jit\.load` is", category=FutureWarning)
            warnings.filterwarnings("ignore", r"`torch\.jit\.load` is", category=DeprecationWarning)
            return torch.jit.load(file, map_location="cpu")  # type: ignore[no-any-return, no-untyped-call]
    except Exception as error:  # torch passes on what its C++ library raises
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"Cannot load the TorchScript archive {path}: {reason}. Save it again, or export it with torch.export."
        ) from error


FILES: dict[FileKind, Callable[[Path, bool], LoadedModel]] = {
    "torchscript": load_torchscript,
    "exported": load_exported,
    "onnx": load_onnx,
}


def load_external(spec: str, labels: LabelSpaces, trust_model_file: bool = False) -> LoadedModel | None:
    """The network of ``smp:...``, ``hf:...``, a folder of transformers or a model file; None for any other spec.

    Args:
        spec: see :func:`~robustbench_endo.models.load_model`, without the adapter.
        labels: of the model that is requested.
        trust_model_file: do not vet a model file that is a program.

    Raises:
        ModelError: a file without a model; says what it contains.
    """
    kind, colon, rest = spec.partition(":")
    if colon and kind == "smp":
        return load_smp(rest, labels)
    if colon and kind == "hf":
        return load_huggingface(rest)
    if is_huggingface_folder(Path(spec)):
        return load_huggingface(spec)
    return _load_file(Path(spec), trust_model_file) if is_model_file(spec) else None


def _load_file(path: Path, trusted: bool) -> LoadedModel:
    kind = kind_of(path)
    if kind in FILES:
        return FILES[kind](path, trusted)
    if kind == "unknown":
        raise ModelError(
            f"Expected a TorchScript, torch.export or ONNX file, got something else in {path}: give one of these, or "
            "file.py:factory."
        )
    count = len(read_weights(path))  # raises its own error for what would have to be unpickled
    raise ModelError(
        f"Expected a model, got in {path} the weights of one ({count} tensors) without its code: give a factory that "
        "loads them (file.py:factory), or load_model(SPEC, weights=...) with the spec they belong to."
    )
