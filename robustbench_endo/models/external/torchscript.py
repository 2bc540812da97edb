"""TorchScript archives: they carry their own code, which is not Python and cannot reach outside."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from robustbench_endo.errors import ModelError
from robustbench_endo.models.checkpoint import sha256
from robustbench_endo.models.external.loaded import LoadedModel


class ScriptModel(nn.Module):
    """A script module that stays in the mode it was saved in where it was frozen so."""

    def __init__(self, script: nn.Module) -> None:
        super().__init__()
        self.script = script

    def forward(self, images: Tensor) -> object:
        """What the script returns."""
        return self.script(images)

    def train(self, mode: bool = True) -> ScriptModel:
        """Set the mode; a frozen module has none."""
        self.training = mode
        if hasattr(self.script, "training"):
            self.script.train(mode)
        return self


def load_torchscript(path: Path) -> LoadedModel:
    """A TorchScript archive on the CPU.

    Raises:
        ModelError: it is damaged, or needs operators that are not installed.
    """
    try:
        with warnings.catch_warnings():
            # The format is deprecated, but people's archives are there; only this remark is dropped, only here.
            warnings.filterwarnings("ignore", r"`torch\.jit\.load` is", category=FutureWarning)
            warnings.filterwarnings("ignore", r"`torch\.jit\.load` is", category=DeprecationWarning)
            script = torch.jit.load(path, map_location="cpu")  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError, OSError) as error:
        raise ModelError(
            f"Expected a TorchScript archive that loads, got in {path}: {str(error).splitlines()[0]}: save it again, "
            "or export it with torch.export."
        ) from error
    return LoadedModel(ScriptModel(script), sha256=sha256(path))
