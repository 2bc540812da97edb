"""Programs of ``torch.export`` (.pt2): the graph and its weights, no Python needed."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.export.passes import move_to_device_pass

from robustbench_endo.errors import ModelError
from robustbench_endo.io_utils import file_sha256
from robustbench_endo.models.external.io_spec import IOSpec, LoadedModel
from robustbench_endo.models.external.onnx import run_in_batches
from robustbench_endo.models.weights import DAMAGED

FORBIDDEN = ("custom_obj_", "opaque_obj_")
"""Members with pickled Python objects or native classes."""

OLD_STATES = ("serialized_state_dict", "serialized_constants", "serialized_example_inputs")
"""Members of archives before torch 2.8 that hold tensors."""

NATIVE = ("aotinductor", "executorch", "mtia")
"""Folders with compiled code, which would run with the rights of the user."""


def check_harmless(path: Path) -> None:
    """Raise an error if the archive needs more than ``torch.load(weights_only=True)`` or contains machine code.

    Raises:
        ModelError: something does; nothing was run.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            culprits = [name for name in archive.namelist() if _forbidden(name)]
            culprits += [name for name in _pickled(archive) if not _tensors_only(archive.read(name))]
    except (zipfile.BadZipFile, ValueError, LookupError, AttributeError, OSError) as error:
        raise ModelError(f"Cannot read the torch.export archive {path}: {error}. Restore it.") from error
    if culprits:
        raise ModelError(
            f"Expected a torch.export program of a graph and tensors only, got in {path} something that would have "
            f"to be unpickled or run ({culprits[0]}); it was not loaded: export the model without custom objects."
        )


def _forbidden(name: str) -> bool:
    path = PurePosixPath(name)
    inside = any(part.startswith(FORBIDDEN) or part in NATIVE for part in path.parts)
    return inside or path.suffix in (".so", ".dll", ".pyd")


def _pickled(archive: zipfile.ZipFile) -> Iterator[str]:
    """Members that torch reads with ``torch.load``: sample inputs, older states, configured members."""
    names = set(archive.namelist())
    states = sorted(name for name in names if name.endswith(".pt") or name.startswith(OLD_STATES))
    yield from (name for name in states if archive.getinfo(name).file_size)
    for config in sorted(name for name in names if "/data/" in name and name.endswith("_config.json")):
        for entry in json.loads(archive.read(config))["config"].values():
            member = str(PurePosixPath(config).parent / entry["path_name"])
            if entry.get("use_pickle"):
                yield member


def _tensors_only(content: bytes) -> bool:
    try:
        with warnings.catch_warnings():  # torch warns about pickle protocols before it refuses them
            warnings.simplefilter("ignore")
            torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except DAMAGED:
        return False
    return True


class ExportedModel(nn.Module):
    """An exported program: fixed to the mode, and mostly to the sizes, that it was exported with.

    Args:
        path: of the file; read again when the device changes, because graphs name devices.
        program: its content.
    """

    def __init__(self, path: Path, program: ExportedProgram) -> None:
        super().__init__()
        self.path = path
        self.device_type = "cpu"
        self.batch, self.min_batch, self.size = _shape(program)
        self.graph = program.module()

    def forward(self, images: Tensor) -> Any:
        """The output of the program, in batches of the size that it was exported for."""
        if images.device.type != self.device_type:
            self.graph = move_to_device_pass(_read(self.path), images.device).module()
            self.device_type = images.device.type
        return run_in_batches(self.graph, images, self.batch, self.min_batch)

    def train(self, mode: bool = True) -> ExportedModel:
        """Set the flag only: a program cannot change its mode."""
        self.training = mode
        return self


def load_exported(path: Path) -> LoadedModel:
    """A program on the CPU, once nothing in it has to be unpickled.

    Raises:
        ModelError: it is damaged, holds more than a graph and tensors, or does not take images.
    """
    check_harmless(path)
    model = ExportedModel(path, _read(path))
    return LoadedModel(model, IOSpec(input_size=model.size), sha256=file_sha256(path))


def _read(path: Path) -> ExportedProgram:
    try:
        with path.open("rb") as file:  # by path, torch insists on the suffix
            return torch.export.load(file)
    except (RuntimeError, ValueError, OSError, AssertionError, LookupError, TypeError, AttributeError) as error:
        raise ModelError(
            f"Cannot load the torch.export program {path}: {type(error).__name__} "
            f"{str(error).splitlines()[0] if str(error) else ''}. Export it again with this version of torch "
            f"({torch.__version__})."
        ) from error


def _shape(program: ExportedProgram) -> tuple[int | None, int, tuple[int, int] | None]:
    """The batch size (None = any), the smallest batch, and height and width (None = any) of the only input."""
    names = program.graph_signature.user_inputs
    nodes = [node for node in program.graph.nodes if node.op == "placeholder" and node.name in names]
    values = [node.meta["val"] for node in nodes]
    if len(values) != 1 or not isinstance(values[0], Tensor) or values[0].ndim != 4 or values[0].shape[1] != 3:
        actual = ", ".join(str(tuple(value.shape)) if isinstance(value, Tensor) else str(value) for value in values)
        raise ModelError(
            f"Expected a torch.export program of one input (B, 3, H, W), got {actual or 'no input'}: export the model "
            "with images as its only input."
        )
    shape: tuple[Any, ...] = tuple(values[0].shape)  # whole numbers, or symbols where any size is allowed
    batch, _, height, width = shape
    size = (height, width) if isinstance(height, int) and isinstance(width, int) else None
    if isinstance(batch, int):
        return batch, batch, size
    bounds = program.range_constraints.get(batch.node.expr)
    return None, 1 if bounds is None else max(1, int(bounds.lower)), size
