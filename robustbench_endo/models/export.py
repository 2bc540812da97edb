"""Export a model as one file that runs without this package, checked against the model before it is kept."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from robustbench_endo.errors import ModelError, import_optional
from robustbench_endo.io_utils import replace_atomically

Format = Literal["onnx", "torch-export"]
FORMATS: tuple[Format, ...] = ("torch-export", "onnx")
OPSET = 18
TOLERANCE = 1e-3
"""Largest accepted difference of a logit from the model's, as a fraction of the largest logit."""

FAILURES = (RuntimeError, TypeError, ValueError, NotImplementedError, AttributeError, AssertionError, KeyError)


def export(model: nn.Module, path: Path, form: Format, size: tuple[int, int] | None = None) -> float:
    """Write a model as one file: float frames (B, 3, H, W) in [0, 1] of one size, any B -> logits by task.

    Low-rank adapters of zoo models are merged into the weights first.

    Args:
        model: any model, in eval mode afterwards.
        path: of the file; its folder is created where it is missing.
        form: ``torch-export`` or ``onnx``.
        size: height and width of the frames; None = the model's input size.

    Returns:
        The largest difference between the logits of the file and of the model on random frames, as a fraction of the
        largest logit.

    Raises:
        ModelError: no size, a model that cannot be exported, or a file with other logits; nothing is written then.
        OptionalDependencyError: ONNX without the extra `onnx`.

    >>> import tempfile
    >>> from robustbench_endo.models import build
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     difference = export(build("tiny-resnet/hps", 3, 2), Path(folder) / "model.pt2", "torch-export", (32, 40))
    >>> difference < 1e-3
    True
    """
    height, width = _size(model, size)
    if form == "onnx":
        for package in ("onnx", "onnxruntime", "onnxscript"):
            import_optional(package, "--format onnx", "onnx")
    plain = _SortedOutputs(model.merged() if hasattr(model, "merged") else model).eval()  # type: ignore[operator]
    frames = torch.rand(3, 3, height, width, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = model.eval()(frames)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replace_atomically(path) as temporary, torch.no_grad():
        run = _attempt(plain, frames[:2], temporary, form)
        difference = max(_difference(logits, expected[task]) for task, logits in run(frames).items())
        if not difference <= TOLERANCE:
            raise ModelError(
                f"Expected the logits of the model from the exported file, got a difference of {difference:.2g} of the "
                f"largest: nothing was kept; export with --format {_other(form)} instead."
            )
    return difference


class _SortedOutputs(nn.Module):
    """Logits by task in alphabetical order, because outputs of ONNX have a position."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        logits = self.inner(images)
        return {task: logits[task] for task in sorted(logits)}


def _attempt(plain: nn.Module, frames: Tensor, path: Path, form: Format) -> Callable[[Tensor], dict[str, Tensor]]:
    write = _torch_export if form == "torch-export" else _onnx
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the exporters, about their internals
            return write(plain, frames, path)
    except FAILURES as error:
        reason = (str(error).splitlines() or [""])[0]
        raise ModelError(
            f"Cannot trace the model with {form}: {type(error).__name__}: {reason} Give --size, or another --format."
        ) from error


def _torch_export(plain: nn.Module, frames: Tensor, path: Path) -> Callable[[Tensor], dict[str, Tensor]]:
    batch = torch.export.Dim("batch", min=1, max=1024)
    program = torch.export.export(plain, (frames,), dynamic_shapes=({0: batch},))
    # In memory: its writer of files ends the process when the disk is full.
    content = io.BytesIO()
    torch.export.save(program, content)
    path.write_bytes(content.getvalue())
    with path.open("rb") as file:
        loaded: Any = torch.export.load(file).module()
    return lambda images: dict(loaded(images))


def _onnx(plain: nn.Module, frames: Tensor, path: Path) -> Callable[[Tensor], dict[str, Tensor]]:
    import onnxruntime

    tasks = sorted(plain(frames))
    batch = torch.export.Dim("batch", min=1, max=1024)
    program = torch.onnx.export(
        plain,
        (frames,),
        input_names=["images"],
        output_names=tasks,
        dynamic_shapes=({0: batch},),
        dynamo=True,
        opset_version=OPSET,
        verbose=False,
    )
    assert program is not None
    program.save(path, external_data=False)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda images: {
        task: torch.from_numpy(logits)
        for task, logits in zip(tasks, session.run(tasks, {"images": images.numpy()}), strict=True)
    }


def _size(model: nn.Module, size: tuple[int, int] | None) -> tuple[int, int]:
    size = size or getattr(model, "input_size", None)
    if size is None:
        raise ModelError("Expected a size to export for, got a model that takes any: give --size HEIGHTxWIDTH.")
    return int(size[0]), int(size[1])


def _difference(actual: Tensor, expected: Tensor) -> float:
    if actual.shape != expected.shape:
        return float("inf")
    return float((actual - expected).abs().max() / expected.abs().max().clamp_min(1e-6))


def _other(form: Format) -> Format:
    return "torch-export" if form == "onnx" else "onnx"
