"""The device and precision that models compute on, its errors, deterministic algorithms, and stages that overlap."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import NamedTuple

import torch

from robustbench_endo.corruptions.kernels.backend import on_device
from robustbench_endo.corruptions.kernels.out_of_memory import is_out_of_memory
from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.evaluation.full_float32 import full_float32

_FIRST = -1
"""Priority of a CUDA stream whose kernels go before those of streams without one."""


def choose_device(name: str) -> torch.device:
    """The device of a name; ``auto`` is a GPU where there is one, and a GPU without a number is the current one.

    Raises:
        RobustEndoError: a name that torch does not know, or a device that this machine lacks.

    >>> choose_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise _unknown_device(name) from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise RobustEndoError(
            f"Expected a CUDA device for {name!r}, got {torch.cuda.device_count()} on this machine: "
            "use --device cpu or auto."
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise RobustEndoError(f"Expected an Apple GPU for {name!r}, got none: use --device cpu or auto.")
    if device.type not in ("cpu", "cuda", "mps"):
        _check_usable(device, name)
    # With its number, as the devices of tensors have it: what is stored by device is then stored once.
    return torch.device("cuda", torch.cuda.current_device()) if device == torch.device("cuda") else device


def _check_usable(device: torch.device, name: str) -> None:
    """Raise RobustEndoError for a device of another kind that cannot compute; tensors on `meta` have no values."""
    try:
        usable = device.type != "meta" and torch.ones(1, device=device).item() == 1
    except (RuntimeError, AssertionError, ImportError) as error:
        raise _unknown_device(name) from error
    if not usable:
        raise _unknown_device(name)


def _unknown_device(name: str) -> RobustEndoError:
    return RobustEndoError(
        f"Expected a device of this machine such as auto, cpu, cuda:0 or mps, got {name!r}: use --device cpu or auto."
    )


def choose_precision(name: str, device: torch.device) -> str:
    """``fp32`` or ``bf16``; ``auto`` is bf16 on a CUDA device that supports it in hardware, else fp32."""
    if name != "auto" or device.type != "cuda":
        return "fp32" if name == "auto" else name
    with on_device(device):
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """The context of a model's forward pass."""
    return torch.autocast(device.type, torch.bfloat16) if precision == "bf16" else nullcontext()


@contextmanager
def deterministic(backward: bool = False) -> Iterator[None]:
    """Deterministic CUDA algorithms, so that two runs give the same bits.

    Args:
        backward: also in backward passes, where PyTorch has such algorithms; it warns of others, except of fused
            attention. TensorFloat-32 stays as it is. Otherwise float32 is computed without TensorFloat-32.
    """
    if not torch.cuda.is_available():
        yield
        return
    with _deterministic_backward() if backward else _deterministic_forward():
        yield


@contextmanager
def _deterministic_forward() -> Iterator[None]:
    cudnn = torch.backends.cudnn
    before = cudnn.benchmark, cudnn.deterministic
    # Not by cudnn.flags, which reads and sets the precision in one of torch's two ways.
    cudnn.benchmark, cudnn.deterministic = False, True
    try:
        with full_float32():
            yield
    finally:
        cudnn.benchmark, cudnn.deterministic = before


@contextmanager
def _deterministic_backward() -> Iterator[None]:
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # required by cuBLAS
    before = (torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled())
    benchmark = torch.backends.cudnn.benchmark
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    try:
        with warnings.catch_warnings():
            # Documented: the gradients of fused attention are deterministic only where others raise errors.
            warnings.filterwarnings("ignore", ".*Attention defaults to a non-deterministic algorithm", UserWarning)
            yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        torch.backends.cudnn.benchmark = benchmark


class Stream:
    """One stage of the computation of a condition.

    On the CPU, threads compute the same stage in parallel. On another device they take turns, each waits on the device
    (not in the thread) for the condition's previous stage, and on CUDA every stage has its own stream: while one batch
    is scored, the next is in the model and a third is corrupted. State that a stage keeps between calls, such as a
    corruption's tables or a user's model, is then used in one order on one stream.

    Tensors that pass from one stage to the next must stay alive until the condition's results are on the CPU.

    Args:
        device: of the run.
        priority: of the CUDA stream; -1 lets its kernels start before those of streams with 0.
    """

    def __init__(self, device: torch.device, priority: int = 0) -> None:
        self._device = device
        self._lock = threading.Lock()
        self._stream = _new_stream(device, priority) if device.type == "cuda" else None

    @contextmanager
    def acquire(self, after: torch.cuda.Event | None = None) -> Iterator[None]:
        """Launch this stage's work for one condition, after an event on the device."""
        if self._device.type == "cpu":
            yield
            return
        with self._lock, torch.cuda.stream(self._stream):
            if self._stream is not None and after is not None:
                self._stream.wait_event(after)
            yield

    def record(self) -> torch.cuda.Event | None:
        """An event after everything that this stage has launched; None where there are no streams."""
        return None if self._stream is None else self._stream.record_event()


def _new_stream(device: torch.device, priority: int) -> torch.cuda.Stream:
    stream: torch.cuda.Stream = torch.cuda.Stream(device, priority=priority)  # type: ignore[no-untyped-call]
    return stream


class Streams(NamedTuple):
    """The stages of a run on one device."""

    corrupt: Stream
    forward: Stream
    score: Stream


def streams_on(device: torch.device) -> Streams:
    """Stages that are independent of those of another run.

    Corrupting and scoring consist of many small kernels, which would each wait for a large one of the model: they go
    first, and the model fills the rest of the GPU.
    """
    return Streams(Stream(device, _FIRST), Stream(device), Stream(device, _FIRST))


def use_device(device: torch.device) -> None:
    """Make a GPU the current one of the calling thread, which starts with the first GPU of the machine.

    Page-locked memory, Triton's kernels and models that ask for the current device belong to it.
    """
    if device.type == "cuda":
        torch.cuda.set_device(device)


def upload(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """A tensor on the device, on a GPU through page-locked memory and without waiting for the copy."""
    if device.type != "cuda":
        return tensor.to(device)
    with on_device(device):
        return tensor.pin_memory().to(device, non_blocking=True)


def finish(device: torch.device) -> None:
    """Wait for what the calling thread has launched on its current stream, so that every stream may read it."""
    if device.type == "cuda":
        torch.cuda.current_stream(device).synchronize()


@contextmanager
def device_errors(device: torch.device) -> Iterator[None]:
    """Report a lost device, or one without memory for a batch, in one sentence.

    Raises:
        RunError: the device gave an error.
    """
    accelerator_error = getattr(torch, "AcceleratorError", ())
    try:
        yield
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        if is_out_of_memory(error):
            raise RunError(
                f"Cannot go on: out of memory on {device} ({reason}). Completed work is saved; re-run the same command "
                "with a smaller --batch-size or --resolution, or fewer models at a time."
            ) from error
        if not isinstance(error, accelerator_error) and not str(error).startswith("CUDA error"):
            raise
        raise RunError(
            f"Lost device {device}: {reason}. Completed work is saved; check nvidia-smi and re-run the same command to "
            "resume."
        ) from error
