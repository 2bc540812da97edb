"""ONNX files, run by onnxruntime (extra `onnx`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from robustbench_endo.errors import ModelError, import_optional
from robustbench_endo.models.external.io_spec import IOSpec, LoadedModel
from robustbench_endo.models.external.onnx_files import external_files, files_sha256
from robustbench_endo.models.labels import task_of_rank


def run_in_batches(run: Callable[[Tensor], Any], images: Tensor, batch: int | None, min_batch: int = 1) -> Any:
    """``run`` on images (B, 3, H, W), ``batch`` at a time.

    The last batch is padded with its last frame, whose outputs are dropped.

    Args:
        run: images -> a tensor, or a dict, tuple or list of them.
        images: float (B, 3, H, W).
        batch: number of frames that the network takes; None = any number from ``min_batch`` on.
    """
    size = batch or max(len(images), min_batch)
    outputs = []
    for start in range(0, len(images), size):
        frames = images[start : start + size]
        padded = torch.cat([frames, frames[-1:].expand(size - len(frames), *frames.shape[1:])])
        outputs.append(_first(run(padded), len(frames)))
    return outputs[0] if len(outputs) == 1 else _concatenate(outputs)


def _first(output: Any, count: int) -> Any:
    return _map_tensors([output], lambda tensors: tensors[0][:count])


def _concatenate(outputs: list[Any]) -> Any:
    return _map_tensors(outputs, torch.cat)


def _map_tensors(outputs: list[Any], function: Callable[[list[Tensor]], Tensor]) -> Any:
    """``function`` on the tensors at the same position of every output."""
    first = outputs[0]
    if isinstance(first, Tensor):
        return function(outputs)
    if isinstance(first, Mapping):
        return {key: _map_tensors([output[key] for output in outputs], function) for key in first}
    if isinstance(first, (tuple, list)):
        return tuple(_map_tensors(list(parts), function) for parts in zip(*outputs, strict=True))
    return first


PURPOSE = "ONNX models"

TYPES = {"tensor(float)": torch.float32, "tensor(float16)": torch.float16, "tensor(uint8)": torch.uint8}


class OnnxModel(nn.Module):
    """A session: one thread on the CPU, because conditions run side by side; CUDA where onnxruntime was built for it.

    Args:
        path: of the file; its external data is in the same folder.

    Attributes:
        sessions: device -> the session that computes images on it; a second GPU has its own.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.sessions: dict[torch.device, Any] = {}
        self.name, self.dtype, self.batch, self.size = _input(self._session(torch.device("cpu")), path)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """The graph's outputs by name, on the device of the images."""
        session = self._session(images.device)
        names = [output.name for output in session.get_outputs()]

        def run(frames: Tensor) -> dict[str, Tensor]:
            frames = frames.round() if self.dtype == torch.uint8 else frames
            try:
                arrays = session.run(None, {self.name: frames.to(self.dtype).cpu().contiguous().numpy()})
            except _errors() as error:
                raise RuntimeError(str(error).strip().splitlines()[0]) from error
            return {name: torch.from_numpy(array) for name, array in zip(names, arrays, strict=True)}

        outputs = run_in_batches(run, images, self.batch)
        return {name: tensor.to(images.device) for name, tensor in outputs.items()}

    def __deepcopy__(self, memo: dict[int, Any]) -> OnnxModel:
        """The same object: a session may be used by several threads and keeps nothing between calls."""
        return self

    def _session(self, device: torch.device) -> Any:
        if device not in self.sessions:
            self.sessions[device] = _open_session(self.path, device)
        return self.sessions[device]


def load_onnx(path: Path, trusted: bool = False) -> LoadedModel:
    """An ONNX file on the CPU; libraries of custom operators are not loaded.

    Args:
        path: of the file.
        trusted: has no effect, because a graph is no program: onnxruntime only computes it.

    Raises:
        OptionalDependencyError: onnxruntime is not installed.
        ModelError: it is damaged, does not take images, or reads files outside its folder.
    """
    import_optional("onnxruntime", PURPOSE, "onnx")
    path = path.resolve()
    files = (path, *external_files(path))
    model = OnnxModel(path)
    outputs = model.sessions[torch.device("cpu")].get_outputs()
    task = task_of_rank(len(outputs[0].shape)) if len(outputs) == 1 else None  # a single output needs no name
    names = {task.name: outputs[0].name} if task else {}
    return LoadedModel(model, IOSpec(input_size=model.size, output=names), sha256=files_sha256(files), files=files)


def _open_session(path: Path, device: torch.device) -> Any:
    runtime = import_optional("onnxruntime", PURPOSE, "onnx")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors are raised; the warnings of its optimiser are not for users
    providers: list[Any] = ["CPUExecutionProvider"]
    if device.type == "cuda" and "CUDAExecutionProvider" in runtime.get_available_providers():
        providers.insert(0, ("CUDAExecutionProvider", {"device_id": device.index or 0}))
    try:
        # By default onnxruntime prints an error of the GPU and computes on the CPU.
        return runtime.InferenceSession(str(path), options, providers=providers, enable_fallback=False)
    except _errors() as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        if len(providers) > 1:
            raise ModelError(
                f"Cannot run the ONNX file {path} on {device}: {reason}. Install an onnxruntime-gpu that fits the "
                "machine's CUDA, or use --device cpu."
            ) from error
        raise ModelError(
            f"Cannot load the ONNX file {path}: {reason}. Export it again, with its .data file in the same folder."
        ) from error


def _input(session: Any, path: Path) -> tuple[str, torch.dtype, int | None, tuple[int, int] | None]:
    inputs = session.get_inputs()
    shape = inputs[0].shape if len(inputs) == 1 else []
    channels = shape[1] if len(shape) == 4 else 0
    if (isinstance(channels, int) and channels != 3) or inputs[0].type not in TYPES:
        actual = ", ".join(f"{entry.name} {entry.type} {entry.shape}" for entry in inputs)
        raise ModelError(
            f"Expected an ONNX graph of one float input (B, 3, H, W), got {actual} in {path}: export it again."
        )
    batch, _, height, width = shape
    size = (height, width) if isinstance(height, int) and isinstance(width, int) else None
    return inputs[0].name, TYPES[inputs[0].type], batch if isinstance(batch, int) else None, size


def _errors() -> tuple[type[Exception], ...]:
    """onnxruntime's own errors; they have no common base."""
    state = import_optional("onnxruntime.capi.onnxruntime_pybind11_state", PURPOSE, "onnx")
    kinds = [kind for kind in vars(state).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    return (*kinds, RuntimeError, ValueError)
