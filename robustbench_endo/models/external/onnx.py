"""ONNX files, run by onnxruntime (extra `onnx`)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from robustbench_endo.errors import ModelError
from robustbench_endo.models.checkpoint import sha256
from robustbench_endo.models.external.io_spec import Adapter
from robustbench_endo.models.external.loaded import LoadedModel, required


def in_portions(run: Callable[[Tensor], Any], images: Tensor, batch: int | None, least: int = 1) -> Any:
    """``run`` on images (B, 3, H, W), ``batch`` at a time.

    The last portion is filled up with its last frame, whose answers are dropped.

    Args:
        batch: what the network takes; None = any number from ``least`` on.
    """
    size = batch or max(len(images), least)
    answers = []
    for start in range(0, len(images), size):
        portion = images[start : start + size]
        filled = torch.cat([portion, portion[-1:].expand(size - len(portion), *portion.shape[1:])])
        answers.append(_first(run(filled), len(portion)))
    return answers[0] if len(answers) == 1 else _joined(answers)


def _first(answer: Any, count: int) -> Any:
    return _over([answer], lambda tensors: tensors[0][:count])


def _joined(answers: list[Any]) -> Any:
    return _over(answers, torch.cat)


def _over(answers: list[Any], function: Callable[[list[Tensor]], Tensor]) -> Any:
    """``function`` on the tensors that stand at the same place in every answer."""
    first = answers[0]
    if isinstance(first, Tensor):
        return function(answers)
    if isinstance(first, Mapping):
        return {key: _over([answer[key] for answer in answers], function) for key in first}
    if isinstance(first, (tuple, list)):
        return tuple(_over(list(parts), function) for parts in zip(*answers, strict=True))
    return first


TYPES = {"tensor(float)": torch.float32, "tensor(float16)": torch.float16, "tensor(uint8)": torch.uint8}


class OnnxModel(nn.Module):
    """A session: one thread on the CPU, because conditions run side by side; CUDA where onnxruntime was built for it.

    Args:
        path: of the file; its external data lies beside it.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.sessions: dict[str, Any] = {}
        self.name, self.dtype, self.batch, self.size = _input(self._session(torch.device("cpu")), path)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """The graph's outputs by name, on the device of the images."""
        session = self._session(images.device)
        names = [output.name for output in session.get_outputs()]

        def run(portion: Tensor) -> dict[str, Tensor]:
            given = portion.round() if self.dtype == torch.uint8 else portion
            try:
                arrays = session.run(None, {self.name: given.to(self.dtype).cpu().contiguous().numpy()})
            except _errors() as error:
                raise RuntimeError(str(error).strip().splitlines()[0]) from error
            return {name: torch.from_numpy(array) for name, array in zip(names, arrays, strict=True)}

        outputs = in_portions(run, images, self.batch)
        return {name: tensor.to(images.device) for name, tensor in outputs.items()}

    def __deepcopy__(self, memo: dict[int, Any]) -> OnnxModel:
        """The same object: a session may be used by several threads and keeps nothing between calls."""
        return self

    def _session(self, device: torch.device) -> Any:
        if device.type not in self.sessions:
            self.sessions[device.type] = _opened(self.path, device)
        return self.sessions[device.type]


def load_onnx(path: Path) -> LoadedModel:
    """An ONNX file on the CPU.

    Raises:
        OptionalDependencyError: onnxruntime is not installed.
        ModelError: it is damaged or does not take images.
    """
    model = OnnxModel(path)
    outputs = model.sessions["cpu"].get_outputs()
    # One output needs no name.
    named = {"segmentation" if len(output.shape) == 4 else "activity": output.name for output in outputs}
    known = len(outputs) == 1 and len(outputs[0].shape) in (2, 4)
    return LoadedModel(model, Adapter(input_size=model.size, output=named if known else {}), sha256=_digest(path))


def _opened(path: Path, device: torch.device) -> Any:
    runtime = required("onnxruntime", "onnx")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors are raised; the remarks of its optimiser are not for users
    wanted = ["CUDAExecutionProvider"] if device.type == "cuda" else []
    usual = [name for name in wanted if name in runtime.get_available_providers()]
    try:
        return runtime.InferenceSession(str(path), options, providers=[*usual, "CPUExecutionProvider"])
    except _errors() as error:
        raise ModelError(
            f"Expected an ONNX file that onnxruntime can load, got in {path}: {str(error).strip().splitlines()[0]}: "
            "export it again, with its .data file beside it."
        ) from error


def _input(session: Any, path: Path) -> tuple[str, torch.dtype, int | None, tuple[int, int] | None]:
    inputs = session.get_inputs()
    shape = inputs[0].shape if len(inputs) == 1 else []
    channels = shape[1] if len(shape) == 4 else 0
    if (isinstance(channels, int) and channels != 3) or inputs[0].type not in TYPES:
        found = ", ".join(f"{entry.name} {entry.type} {entry.shape}" for entry in inputs)
        raise ModelError(
            f"Expected an ONNX graph of one float input (B, 3, H, W), got {found} in {path}: export it so."
        )
    batch, _, height, width = shape
    size = (height, width) if isinstance(height, int) and isinstance(width, int) else None
    return inputs[0].name, TYPES[inputs[0].type], batch if isinstance(batch, int) else None, size


def _digest(path: Path) -> str:
    """SHA-256 of the file, and of the weights that exporters put beside it."""
    beside = path.with_name(f"{path.name}.data")
    if not beside.is_file():
        return sha256(path)
    return hashlib.sha256(f"{sha256(path)} {sha256(beside)}".encode()).hexdigest()


def _errors() -> tuple[type[Exception], ...]:
    """onnxruntime's own errors; they have no common base."""
    state = required("onnxruntime.capi.onnxruntime_pybind11_state", "onnx")
    kinds = [kind for kind in vars(state).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    return (*kinds, RuntimeError, ValueError)
