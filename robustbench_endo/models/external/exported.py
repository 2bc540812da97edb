"""Programs of ``torch.export`` (.pt2): the graph and its weights, no Python needed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.export.passes import move_to_device_pass

from robustbench_endo.errors import ModelError
from robustbench_endo.io_utils import file_sha256
from robustbench_endo.models.external.io_spec import IOSpec, LoadedModel
from robustbench_endo.models.external.onnx import run_in_batches
from robustbench_endo.models.external.vetting import vet_model_file


class ExportedModel(nn.Module):
    """An exported program: fixed to the mode, and mostly to the sizes, that it was exported with.

    Args:
        path: of the file; read again when the device changes, because graphs name devices.
        program: its content.
        trusted: it is not vetted when it is read again.
    """

    def __init__(self, path: Path, program: ExportedProgram, trusted: bool = False) -> None:
        super().__init__()
        self.path = path
        self.trusted = trusted
        self.device_type = "cpu"
        with _reported(path):
            self.batch, self.min_batch, self.size = _shape(program)
            self.graph = program.module()

    def forward(self, images: Tensor) -> Any:
        """The output of the program, in batches of the size that it was exported for."""
        if images.device.type != self.device_type:
            program = _read(self.path, self.trusted)
            with _reported(self.path):
                self.graph = move_to_device_pass(program, images.device).module()
            self.device_type = images.device.type
        return run_in_batches(self.graph, images, self.batch, self.min_batch)

    def train(self, mode: bool = True) -> ExportedModel:
        """Set the flag only: a program cannot change its mode."""
        self.training = mode
        return self


def load_exported(path: Path, trusted: bool = False) -> LoadedModel:
    """A program on the CPU, vetted before torch opens it.

    Args:
        path: of the file.
        trusted: do not vet it, because the user trusts its author.

    Raises:
        ModelError: it is damaged, holds more than computations and tensors, or does not take images.
    """
    path = path.resolve()
    model = ExportedModel(path, _read(path, trusted), trusted)
    return LoadedModel(model, IOSpec(input_size=model.size), sha256=file_sha256(path), files=(path,))


def _read(path: Path, trusted: bool) -> ExportedProgram:
    with path.open("rb") as file:  # by path, torch insists on the suffix
        if not trusted:
            vet_model_file(file, path, "torch.export")
        with _reported(path):
            return torch.export.load(file)


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    """Report any failure of torch, which raises what its parts happen to raise, as a sentence."""
    log, captured = logging.getLogger("torch.export"), _Captured()
    log.addFilter(captured)
    try:
        yield
    except ModelError:
        raise
    except Exception as error:
        cause = captured.error or error
        reason = (str(cause).strip().splitlines() or [""])[0][:500]
        raise ModelError(
            f"Cannot load the torch.export program {path}: {type(cause).__name__} {reason}. Export it again with this "
            f"version of torch ({torch.__version__})."
        ) from error
    finally:
        log.removeFilter(captured)


class _Captured(logging.Filter):
    """Keeps the error that torch logs with its traceback, instead of printing it."""

    error: BaseException | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is printed."""
        if record.exc_info and record.exc_info[1] is not None:
            self.error = record.exc_info[1]
        return self.error is None


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
