"""A model as one file that runs without this package, checked against the model before it is kept."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from robustbench_endo.errors import ModelError, OptionalDependencyError
from robustbench_endo.models.checkpoint import replaced

Format = Literal["onnx", "torch-export"]
FORMATS: tuple[Format, ...] = ("torch-export", "onnx")
OPSET = 18
TOLERANCE = 1e-3
"""Largest difference of a logit, as a share of the largest logit, that another runtime may show."""

FAILURES = (RuntimeError, TypeError, ValueError, NotImplementedError, AttributeError, AssertionError, KeyError)


def export(model: nn.Module, path: Path, form: Format, size: tuple[int, int] | None = None) -> float:
    """Writes ``model`` for frames of one size, float (B, 3, H, W) in [0, 1], any B; logits by task come out.

    Adapters of zoo models are merged into the weights first.

    Args:
        size: height and width of the frames; None = the model's input size.

    Returns:
        The largest difference between the file's logits and the model's on random frames, as a share of the largest.

    Raises:
        ModelError: no size, a model that cannot be exported, or a file that answers otherwise; nothing is written then.
        OptionalDependencyError: ONNX without the extra `onnx`.
    """
    height, width = _size(model, size)
    if form == "onnx":
        _need_onnx()
    plain = _Listed(model.merged() if hasattr(model, "merged") else model).eval()  # type: ignore[operator]
    frames = torch.rand(3, 3, height, width, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = model.eval()(frames)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced(path) as temporary, torch.no_grad():
        run = _attempt(plain, frames[:2], temporary, form)
        difference = max(_difference(answer, expected[task]) for task, answer in run(frames).items())
        if not difference <= TOLERANCE:
            raise ModelError(
                f"Expected the exported file to answer as the model does, got logits that differ by {difference:.2g} "
                f"of the largest: nothing was kept; export with --format {_other(form)} instead."
            )
    return difference


class _Listed(nn.Module):
    """Outputs in a fixed order, which ONNX needs; the contract's dict for torch.export."""

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
            warnings.simplefilter("ignore")  # of the exporters, about their own innards
            return write(plain, frames, path)
    except FAILURES as error:
        reason = (str(error).splitlines() or [""])[0]
        raise ModelError(
            f"Expected a model that {form} can trace, got {type(error).__name__}: {reason} Give --size, or another "
            "--format."
        ) from error


def _torch_export(plain: nn.Module, frames: Tensor, path: Path) -> Callable[[Tensor], dict[str, Tensor]]:
    batch = torch.export.Dim("batch", min=1, max=1024)
    program = torch.export.export(plain, (frames,), dynamic_shapes=({0: batch},))
    with path.open("wb") as file:  # given a path, it insists on how the name ends
        torch.export.save(program, file)
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
        task: torch.from_numpy(answer)
        for task, answer in zip(tasks, session.run(tasks, {"images": images.numpy()}), strict=True)
    }


def _need_onnx() -> None:
    try:
        import onnx
        import onnxruntime
        import onnxscript
    except ImportError as error:
        raise OptionalDependencyError(
            f"Expected the extra `onnx` for --format onnx, got no {error.name}: pip install "
            "'robustbench-endo[onnx]', or give --format torch-export."
        ) from error
    del onnx, onnxruntime, onnxscript


def _size(model: nn.Module, size: tuple[int, int] | None) -> tuple[int, int]:
    own = size or getattr(model, "input_size", None)
    if own is None:
        raise ModelError("Expected a size to export for, got a model that takes any: give --size HEIGHTxWIDTH.")
    return int(own[0]), int(own[1])


def _difference(answer: Tensor, expected: Tensor) -> float:
    if answer.shape != expected.shape:
        return float("inf")
    return float((answer - expected).abs().max() / expected.abs().max().clamp_min(1e-6))


def _other(form: Format) -> Format:
    return "torch-export" if form == "onnx" else "onnx"
