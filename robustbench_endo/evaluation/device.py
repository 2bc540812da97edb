"""From `auto`, `cpu`, `cuda`, `mps` to a device that is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch

from robustbench_endo.errors import RobustEndoError


def choose_device(name: str) -> torch.device:
    """The device of a name; ``auto`` takes a GPU where there is one.

    Raises:
        RobustEndoError: a name torch does not know, or a device that this machine lacks.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise RobustEndoError(f"Expected a device such as auto, cpu or cuda:0, got {name!r}.") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise RobustEndoError(
            f"Expected a CUDA device for {name!r}, got {torch.cuda.device_count()} on this machine: "
            "use --device cpu or auto."
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise RobustEndoError(f"Expected an Apple GPU for {name!r}, got none: use --device cpu or auto.")
    return device


PRECISIONS = ("auto", "fp32", "bf16")


def choose_precision(name: str, device: torch.device) -> str:
    """``fp32`` or ``bf16``; ``auto`` is bf16 on a CUDA device that has it in hardware, else fp32.

    Raises:
        RobustEndoError: another name.
    """
    if name not in PRECISIONS:
        raise RobustEndoError(f"Expected a precision of {', '.join(PRECISIONS)}, got {name!r}.")
    if name != "auto":
        return name
    return "bf16" if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """What a model's forward pass runs in."""
    return torch.autocast(device.type, torch.bfloat16) if precision == "bf16" else nullcontext()


@contextmanager
def reproducible() -> Iterator[None]:
    """Convolutions whose algorithm does not depend on a timing, and float32 that is float32 (no TensorFloat-32)."""
    if not torch.cuda.is_available():
        yield
        return
    products = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
            yield
    finally:
        torch.set_float32_matmul_precision(products)
